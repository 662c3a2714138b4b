//! The client's reading of what a driver answers.

use csq_protocol::wire::{Canceled, Completed, Delivered, Statistics, Version};
use csqctl::account::Account;
use csqctl::answer::{Answer, Claimed};
use csqctl::{ntstatus, text};

/// Any status, any length, any bytes: a structure that was all returned, or an error in a sentence.
/// Its first 4 and 8 bytes are the status and the length, the rest is in the buffer.
pub fn answer(bytes: &[u8]) {
    let Some((status, rest)) = bytes.split_first_chunk() else {
        return;
    };
    let Some((information, output)) = rest.split_first_chunk() else {
        return;
    };
    let answer = Answer {
        status: u32::from_le_bytes(*status),
        information: usize::from_le_bytes(*information),
        output: output.to_vec(),
    };
    super::assert_sentence(&ntstatus::sentence(answer.status));
    assert!(answer.returned().len() <= answer.output.len());
    super::assert_sentence(&text::payload(answer.returned()));

    let sizes = [
        size::<Version>(&answer),
        size::<Completed>(&answer),
        size::<Canceled>(&answer),
        size::<Delivered>(&answer),
    ];
    if let Err(error) = Claimed::from_answer(&answer) {
        super::assert_sentence(&error.to_string());
    }
    for size in sizes.into_iter().flatten() {
        assert_eq!(size, answer.information);
    }
    if let Ok(statistics) = answer.structure::<Statistics>("asking") {
        let account = Account::from(&statistics);
        assert!(!account.lines().is_empty());
        serde_json::to_string(&account).expect("numbers can be written");
    }
}

/// The size of the structure, if the answer is one.
fn size<S: zerocopy::FromBytes>(answer: &Answer) -> Option<usize> {
    match answer.structure::<S>("asking") {
        Ok(_) => Some(size_of::<S>()),
        Err(error) => {
            super::assert_sentence(&error.to_string());
            None
        }
    }
}
