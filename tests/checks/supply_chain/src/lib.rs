//! Which dependencies are allowed: the part of `.cargo/deny.toml` that needs nothing but what
//! `cargo metadata` tells, so that it can be among the tests. The whole, with bans and advisories,
//! is for cargo-deny.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::Deserialize;
use spdx::expression::ExpressionReq;
use spdx::{Expression, ParseMode};

/// What `cargo metadata` tells of a package.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// An SPDX expression, or what was in use before those.
    pub license: Option<String>,
    /// `registry+` or `git+` and an address; nothing for a package of this repository.
    pub source: Option<String>,
}

/// What `cargo metadata` prints.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// All packages of the lock file.
    pub packages: Vec<Package>,
}

impl Metadata {
    /// Reads what `cargo metadata --format-version 1` printed.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub fn parse(json: &[u8]) -> Result<Self> {
        Ok(serde_json::from_slice(json)?)
    }
}

/// What is allowed.
#[derive(Debug)]
pub struct Policy {
    licenses: BTreeSet<String>,
    registries: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Configuration {
    licenses: Licenses,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: BTreeSet<String>,
}

impl Policy {
    /// Reads a configuration of cargo-deny.
    ///
    /// # Errors
    ///
    /// It is no TOML, or does not say which licenses and registries are allowed.
    pub fn parse(configuration: &str) -> Result<Self> {
        let configuration: Configuration = basic_toml::from_str(configuration)?;
        Ok(Self {
            licenses: configuration.licenses.allow,
            registries: configuration.sources.allow_registry,
        })
    }

    /// Judges one package.
    ///
    /// # Errors
    ///
    /// Its license or where it comes from is not allowed; the text says which.
    pub fn judge(&self, package: &Package) -> Result<()> {
        let name = format!("{} {}", package.name, package.version);
        if let Some(source) = &package.source {
            let allowed = source
                .strip_prefix("registry+")
                .is_some_and(|registry| self.registries.contains(registry));
            anyhow::ensure!(allowed, "{name} comes from {source}");
        }
        let license = package
            .license
            .as_deref()
            .with_context(|| format!("{name} names no license"))?;
        let expression = Expression::parse_mode(license, ParseMode::LAX)
            .with_context(|| format!("the license of {name} cannot be read: {license}"))?;
        let allowed = |requirement: &spdx::LicenseReq| self.allows(requirement);
        anyhow::ensure!(
            expression.evaluate(allowed),
            "{name} is licensed {license}; allowed are {}",
            self.text()
        );
        Ok(())
    }

    fn allows(&self, requirement: &spdx::LicenseReq) -> bool {
        self.licenses.contains(&requirement.to_string())
    }

    fn text(&self) -> String {
        let licenses: Vec<&str> = self.licenses.iter().map(String::as_str).collect();
        licenses.join(", ")
    }

    /// The allowed licenses that no package names: the list says what there is.
    ///
    /// # Errors
    ///
    /// The license of a package cannot be read.
    pub fn unused(&self, packages: &[Package]) -> Result<BTreeSet<&str>> {
        let mut unused: BTreeSet<&str> = self.licenses.iter().map(String::as_str).collect();
        for package in packages {
            let license = package.license.as_deref().unwrap_or_default();
            let expression = Expression::parse_mode(license, ParseMode::LAX)
                .with_context(|| format!("the license of {} cannot be read", package.name))?;
            for ExpressionReq { req, .. } in expression.requirements() {
                unused.remove(req.to_string().as_str());
            }
        }
        Ok(unused)
    }
}
