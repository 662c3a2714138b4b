//! The reader of INF files in the Wine host.

// The file as the program `wine-host` has it.
#[path = "../../../../linux/wine/host/src/inf.rs"]
mod reader;

/// At most one line is replaced, the one that is told, and Wine understands the result.
pub fn inf(bytes: &[u8]) {
    let shipped = String::from_utf8_lossy(bytes);
    match reader::wine_inf(&shipped) {
        Ok(inf) => {
            let lines = || (1..).zip(shipped.split('\n').zip(inf.text.split('\n')));
            assert_eq!(lines().count(), shipped.split('\n').count());
            let changed: Vec<usize> = lines()
                .filter(|(_, (before, after))| before != after)
                .map(|(number, _)| number)
                .collect();
            let told: Vec<usize> = inf.change.iter().map(|change| change.line).collect();
            assert_eq!(changed, told);
            let again = reader::wine_inf(&inf.text).expect("Wine understands it");
            assert_eq!(again.change, None);
        }
        Err(error) => super::assert_sentence(&error.to_string()),
    }
}
