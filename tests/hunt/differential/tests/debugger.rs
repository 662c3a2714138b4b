//! csq.js, which shows a device's queues in `WinDbg`, finds what csq.sys has: its offsets are followed here
//! as it follows them, through the memory of the shipped csq.sys.

use std::collections::BTreeMap;

use behaviors::session::Session;
use differential::{Kernel, machine};
use exploration::program::{Simulated, queues};
use ntsim::Clock;

/// The numbers of `OFFSETS` in csq.js beside csq.sys, by their names.
fn offsets() -> BTreeMap<String, usize> {
    let path = machine::path().with_extension("js");
    let script = std::fs::read_to_string(path).expect("`cargo make` makes csq.js");
    let (_, rest) = script
        .split_once("const OFFSETS = ")
        .expect("it has offsets");
    let (literal, _) = rest.split_once("};\n").expect("they end");
    let words = literal.split([',', '{', '}', '\n']);
    words
        .filter_map(|word| word.trim().split_once(": 0x"))
        .map(|(name, number)| {
            let number = usize::from_str_radix(number, 16).expect("they are numbers");
            (name.to_owned(), number)
        })
        .collect()
}

/// An IRP as csq.js shows it.
#[derive(Clone, Debug)]
struct Shown {
    id: usize,
    tag: usize,
    file: usize,
    thread: usize,
    buffer: usize,
}

/// The IRPs in a state.
fn shown(target: &Simulated, state: &str) -> Result<Vec<Shown>, String> {
    let offsets = offsets();
    let at = |name: &str| {
        offsets
            .get(name)
            .copied()
            .ok_or(format!("csq.js has no {name}"))
    };
    let device = target.device_object().ok_or("there is no device")?;
    let extension = queues::read(device + at("extension")?)?;
    let mut irps = Vec::new();
    if state == "claimed" {
        let heads = [at("pending")?, at("ending")?, at("waiting")?].map(|head| extension + head);
        let length = queues::read(extension + at("length")?)? & 0xFFFF_FFFF;
        let first = queues::read(extension + at("slots")?)?;
        for index in 0..length {
            let slot = first + index * at("slot_size")?;
            let (irp, list) = (queues::read(slot)?, queues::read(slot + at("list")?)?);
            if irp != 0 && !heads.contains(&list) {
                irps.push(show(&at, irp, slot)?);
            }
        }
        return Ok(irps);
    }
    let head = extension + at(state)?;
    let mut link = queues::read(head)?;
    while link != 0 && link != head {
        let irp = link - at("link")?;
        irps.push(show(&at, irp, queues::read(irp + at("slot")?)?)?);
        link = queues::read(link)?;
    }
    Ok(irps)
}

fn show(
    at: &impl Fn(&str) -> Result<usize, String>,
    irp: usize,
    slot: usize,
) -> Result<Shown, String> {
    let buffer = queues::read(irp + at("buffer")?)?;
    Ok(Shown {
        id: queues::read(slot + at("id")?)?,
        // A claim has none.
        tag: queues::read(buffer + at("tag")?).unwrap_or(0),
        file: queues::read(irp + at("file")?)?,
        thread: queues::read(irp + at("thread")?)?,
        buffer,
    })
}

fn body(target: &Simulated) -> Result<(), String> {
    let said = |failure: behaviors::outcome::Stop| format!("{failure:?}");
    let client = Session::open(target).map_err(said)?;
    let server = Session::open(target).map_err(said)?;
    let mut requests = client.pend_each([71, 72]).map_err(said)?;
    requests.extend(server.pend_each([73]).map_err(said)?);
    let first = server.claim().map_err(said)?;

    let tags = |queue| -> Result<Vec<usize>, String> {
        Ok(shown(target, queue)?.iter().map(|irp| irp.tag).collect())
    };
    assert_eq!(tags("pending")?, [72, 73]);
    assert_eq!(tags("claimed")?, [71]);
    assert_eq!(tags("waiting")?.len(), 0);
    let irps = [shown(target, "claimed")?, shown(target, "pending")?].concat();
    let [claimed, second, third] = &irps[..] else {
        return Err(format!("{irps:?}"));
    };
    assert_eq!(claimed.id as u64, first.id);
    // The first two are of one handle, the third of another; all are of this thread.
    assert_eq!(claimed.file, second.file);
    assert_ne!(second.file, third.file);
    assert!(
        irps.iter()
            .all(|irp| irp.thread == third.thread && irp.thread != 0)
    );
    assert!(
        irps.iter().all(|irp| queues::read(irp.buffer).is_ok()),
        "{irps:?}"
    );

    let rest = [server.claim().map_err(said)?, server.claim().map_err(said)?];
    let waiting = server.claim_waiting().map_err(said)?;
    assert_eq!(tags("pending")?.len(), 0);
    let ids: Vec<u64> = shown(target, "claimed")?
        .iter()
        .map(|irp| irp.id as u64)
        .collect();
    assert_eq!(ids, [first.id, rest[0].id, rest[1].id]);
    assert_eq!(tags("waiting")?.len(), 1);
    drop((waiting, requests));
    Ok(())
}

#[test]
fn the_debugger_script_finds_the_irps_of_each_queue() {
    assert_eq!(
        machine::run(Kernel::plain(12), Clock::Idle, Vec::new(), body),
        Ok(())
    );
}
