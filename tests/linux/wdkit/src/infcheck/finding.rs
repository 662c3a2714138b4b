//! What is wrong with an INF.

use std::fmt;

/// A rule that an INF breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where, counted from 1.
    pub line: usize,
    /// Which rule.
    pub rule: Rule,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: {}: {}",
            self.line,
            self.rule.name(),
            self.message
        )
    }
}

macro_rules! rules {
    ($(#[doc = $doc:literal] $rule:ident = $name:literal,)*) => {
        /// The rules, by what they are about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $doc] $rule,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$rule,)*];

            /// Its name in messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)*
                }
            }

            /// What it asks for, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$rule => $doc.trim_ascii(),)*
                }
            }
        }
    };
}

rules! {
    /// Every line is a section's header, an entry or a comment.
    Syntax = "syntax",
    /// ASCII, because Windows reads any other byte by the code page of the machine.
    Encoding = "encoding",
    /// `$ARCH$` and its like are filled in.
    Placeholder = "placeholder",
    /// Every `%token%` is defined, once.
    Strings = "strings",
    /// Nothing is defined in `[Strings]` that is not used.
    UnusedString = "unused-string",
    /// Only directives that exist.
    Directive = "directive",
    /// Only directives that a package may use which keeps to itself.
    Isolation = "isolation",
    /// Every section that is named exists.
    MissingSection = "missing-section",
    /// Every section is named somewhere, or is one that Windows looks for.
    UnreferencedSection = "unreferenced-section",
    /// `Signature` is that of Windows NT.
    Signature = "signature",
    /// A class of its own, or the GUID of Windows' class of that name.
    Class = "class",
    /// A class of its own is installed, and one of Windows' classes is not.
    ClassInstall = "class-install",
    /// Who provides the package.
    Provider = "provider",
    /// `DriverVer` is a date and a version that Windows can compare.
    DriverVersion = "driver-version",
    /// A catalog beside the INF.
    CatalogFile = "catalog-file",
    /// Nobody changes the installed files.
    PnpLockdown = "pnp-lockdown",
    /// Models are for an architecture that there is.
    Decoration = "decoration",
    /// Files run from the driver store only since Windows 10 1709.
    OsVersion = "os-version",
    /// A device and its hardware ids.
    Model = "model",
    /// Files stay in the driver store.
    Destination = "destination",
    /// Files are in the package, and are those that are copied.
    SourceFile = "source-file",
    /// The service's values.
    Service = "service",
    /// When the service starts.
    StartType = "start-type",
    /// The service's binary is one that is copied.
    ServiceBinary = "service-binary",
    /// Registry values relative to the device, the service or the class.
    Registry = "registry",
    /// A security descriptor that Windows can read.
    Sddl = "sddl",
}
