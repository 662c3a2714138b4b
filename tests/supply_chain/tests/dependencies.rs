//! Every package in the lock file is allowed, and packages that are not are refused.

use std::fs;
use std::path::Path;

use cargo_metadata::{Metadata, MetadataCommand, Package, Source};
use supply_chain::Policy;

fn policy() -> Policy {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join(".cargo/deny.toml"));
    Policy::parse(&text.expect("it is in the checkout")).expect("it is a policy")
}

fn packages() -> Vec<Package> {
    let locked = vec!["--locked".to_owned()];
    let metadata: Metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .other_options(locked)
        .exec()
        .expect("the lock file is up to date");
    metadata.packages
}

#[test]
fn every_package_of_the_lock_file_is_allowed() {
    let policy = policy();
    let packages = packages();
    assert!(packages.iter().any(|package| package.name == "wdk-sys"));
    let refused: Vec<String> = packages
        .iter()
        .filter_map(|package| policy.judge(package).err())
        .map(|error| error.to_string())
        .collect();
    assert_eq!(refused, <[&str; 0]>::default());
    assert!(
        policy.unused(&packages).unwrap().is_empty(),
        "no longer needed"
    );
}

#[test]
fn what_is_not_allowed_is_refused() {
    let policy = policy();
    let mut packages = packages().into_iter();
    let good = packages.find(|package| package.name == "wdk-sys").unwrap();
    policy.judge(&good).unwrap();

    let license = |license: Option<&str>| {
        let mut package = good.clone();
        package.license = license.map(str::to_owned);
        package
    };
    for allowed in ["MIT/Apache-2.0", "GPL-3.0-only OR MIT", "MIT AND ISC"] {
        policy.judge(&license(Some(allowed))).unwrap();
    }
    for refused in [
        Some("GPL-3.0-only"),
        Some("MIT AND LGPL-2.1-or-later"),
        Some("Apache-2.0 WITH Classpath-exception-2.0"),
        Some("something of our own"),
        None,
    ] {
        let error = policy.judge(&license(refused)).unwrap_err().to_string();
        assert!(error.contains("wdk-sys"), "{error}");
    }

    for source in [
        "git+https://example.com/wdk-sys#0123456789abcdef",
        "registry+https://example.com/index",
    ] {
        let mut package = good.clone();
        package.source = Some(Source {
            repr: source.to_owned(),
        });
        assert!(policy.judge(&package).is_err(), "{source}");
    }
}
