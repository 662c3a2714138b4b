//! The two readers of .sys files.

use binary::Image;
use binary::checks::ALL;
use binary::declared::Declared;
use binary::map::Map;
use ntsim::image::Plan;

/// ntsim's loader: a file is refused in one sentence, or gives an image that can be put somewhere.
pub fn loader(bytes: &[u8]) {
    match Plan::parse(bytes) {
        Ok(plan) => {
            let mut bound = 0;
            let image = plan.at(0x7f00_0000_0000, |index, _| {
                assert_eq!(index, bound, "imports are bound in their order");
                bound += 1;
                0x1000
            });
            assert_eq!(bound, plan.imports.len());
            assert_eq!(image.len(), plan.bytes.len());
            for section in &plan.sections {
                assert!(section.start + section.length <= image.len());
            }
            assert!(plan.entry < image.len());
        }
        Err(error) => super::assert_sentence(&error.to_string()),
    }
}

/// The rules about csq.sys, on the image in the input and the map that may follow it: each is kept,
/// or broken in one sentence.
pub fn image(bytes: &[u8]) {
    const END: &[u8] = b"\n--map--\n";
    let end = bytes.windows(END.len()).position(|window| window == END);
    let (file, map) = match end.and_then(|end| Some((bytes.get(..end)?, bytes.get(end..)?))) {
        Some((file, map)) => (file, String::from_utf8_lossy(map)),
        None => (bytes, "".into()),
    };
    // Without a map, the start of a section is a function all the same.
    let Ok(map) = Map::parse(&format!(
        " 0001:00000000 DriverEntry 0000000180001000 a.o\n{map}"
    )) else {
        return;
    };
    let declared = Declared(["IoCsqInitialize".to_owned()].into());
    if let Ok(image) = Image::new(file, map, declared) {
        for check in ALL {
            if let Err(sentence) = check.run(&image) {
                super::assert_sentence(&sentence);
            }
        }
    }
}
