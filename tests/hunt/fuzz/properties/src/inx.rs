//! The reader of .inx files.

use wdkit::inx::{Architecture, Stamp};

/// An INF has what the .inx had, line by line, and is finished: stamping it again changes nothing.
pub fn inx(bytes: &[u8]) {
    let source = String::from_utf8_lossy(bytes);
    let date = der::DateTime::new(2026, 11, 23, 0, 0, 0).expect("a date");
    let stamp = Stamp::new(Architecture::Amd64, date, "1.2.3").expect("a version");
    match stamp.apply(&source) {
        Ok(inf) => {
            assert_eq!(inf.split('\n').count(), source.split('\n').count());
            assert!(!inf.contains("$ARCH$"), "{inf}");
            assert_eq!(stamp.apply(&inf).expect("it has a version"), inf);
        }
        Err(error) => super::assert_sentence(&error.to_string()),
    }
}
