//! The events of csq.sys, as a decoder sees them, and what is written about them elsewhere.

use csq_events::{Event, Level};
use event_decoder::Description;

/// What is known of one event.
struct Known {
    description: Description,
    level: Level,
    keyword: u64,
    size: usize,
}

fn known<E: Event>() -> Known {
    let description = Description::read(E::METADATA).expect("an event describes itself");
    assert_eq!(description.name, E::NAME);
    Known {
        description,
        level: E::LEVEL,
        keyword: E::KEYWORD,
        size: size_of::<E>(),
    }
}

fn all() -> [Known; 9] {
    use csq_events::{Cancel, Claim, Complete, Flush, GiveBack, Pend, PnpState, Refused, Timeout};
    [
        known::<Pend>(),
        known::<Claim>(),
        known::<GiveBack>(),
        known::<Complete>(),
        known::<Cancel>(),
        known::<Timeout>(),
        known::<Flush>(),
        known::<Refused>(),
        known::<PnpState>(),
    ]
}

/// A file of the repository.
fn read(path: &str) -> String {
    std::fs::read_to_string(format!("../../../{path}")).expect("the file is there")
}

/// The provider's GUID, as text.
fn guid() -> String {
    let (data1, data2, data3, data4) = csq_events::PROVIDER_ID;
    let guid = tracelogging::Guid::from_fields(data1, data2, data3, data4);
    String::from_utf8_lossy(&guid.to_utf8_bytes()).into_owned()
}

#[test]
fn the_provider_is_known_by_its_name() {
    assert_eq!(
        event_decoder::provider(csq_events::PROVIDER_METADATA),
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

/// `src/events/README.md` has a row for each event, with its level, its keyword and its fields.
#[test]
fn the_page_has_every_event() {
    let page = read("src/events/README.md");
    for event in all() {
        let fields: Vec<_> = event
            .description
            .fields
            .iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        let row = format!(
            "| `{}` | {} | {:#x} | {} |",
            event.description.name,
            event.level as u8,
            event.keyword,
            fields.join(", ")
        );
        assert!(page.lines().any(|line| line.starts_with(&row)), "{row}");
    }
    assert!(page.contains(&guid().to_uppercase()));
}

/// `csq.wprp` records the provider, with every keyword.
#[test]
fn the_profile_records_the_provider() {
    let profile = read("inf/csq.wprp");
    assert!(profile.contains(&format!(r#"Name="{}""#, guid())));
    for event in all() {
        assert!(profile.contains(&format!(r#"<Keyword Value="{:#x}"/>"#, event.keyword)));
    }
}
