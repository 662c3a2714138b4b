//! The events of csq.sys, as a decoder sees them, and what is written about them elsewhere.

use csq_events::Event;
use trace::Description;

/// What is known of one event.
struct Known {
    description: Description,
    size: usize,
}

fn known<E: Event>() -> Known {
    let description = Description::read(E::METADATA).expect("an event describes itself");
    assert_eq!(description.name, E::NAME);
    Known {
        description,
        size: size_of::<E>(),
    }
}

fn all() -> [Known; 8] {
    use csq_events::{Cancel, Claim, Complete, Flush, Pend, PnpState, Refused, Timeout};
    [
        known::<Pend>(),
        known::<Claim>(),
        known::<Complete>(),
        known::<Cancel>(),
        known::<Timeout>(),
        known::<Flush>(),
        known::<Refused>(),
        known::<PnpState>(),
    ]
}

#[test]
fn the_provider_is_known_by_its_name() {
    assert_eq!(
        trace::provider(csq_events::PROVIDER_METADATA),
        Ok(csq_events::PROVIDER.to_owned())
    );
    let made = tracelogging::Guid::from_name(csq_events::PROVIDER);
    assert_eq!(made.to_fields(), csq_events::PROVIDER_ID);
}

#[test]
fn every_payload_fits_its_description() {
    for event in all() {
        let values = event.description.values(&vec![0; event.size]).unwrap();
        assert_eq!(values.len(), event.description.fields.len());
    }
}

#[test]
fn a_payload_is_read_as_it_was_written() {
    use zerocopy::IntoBytes as _;
    let event = csq_events::Cancel {
        device: 1.into(),
        id: 0x1_0000_0002.into(),
        tag: u64::MAX.into(),
        status: 0xc000_0120.into(),
    };
    let description = Description::read(csq_events::Cancel::METADATA).unwrap();
    let values = [
        ("device", 1),
        ("id", 0x1_0000_0002),
        ("tag", u64::MAX),
        ("status", 0xc000_0120),
    ];
    assert_eq!(description.values(event.as_bytes()), Ok(values.to_vec()));
}
