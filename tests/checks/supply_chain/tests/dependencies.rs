//! Every package in the lock file is allowed, and packages that are not are refused.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use supply_chain::{Metadata, Package, Policy};

fn root() -> PathBuf {
    PathBuf::from("../../..")
}

fn policy() -> Policy {
    let text = fs::read_to_string(root().join(".cargo/deny.toml"));
    Policy::parse(&text.expect("it is in the checkout")).expect("it is a policy")
}

fn packages() -> Vec<Package> {
    let cargo = env::var_os("CARGO").expect("cargo runs the tests");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let metadata = Metadata::parse(&output.stdout).expect("cargo prints JSON");
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

    let license = |license: Option<&str>| Package {
        license: license.map(str::to_owned),
        ..good.clone()
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
        let package = Package {
            source: Some(source.to_owned()),
            ..good.clone()
        };
        assert!(policy.judge(&package).is_err(), "{source}");
    }
}
