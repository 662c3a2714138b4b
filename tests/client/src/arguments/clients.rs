//! Arguments of the commands that make requests.

use clap::ValueEnum;

/// Arguments of `pend`.
#[derive(Debug, clap::Args)]
pub struct Pend {
    /// A name for the requests, which the completer gets to see.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub tag: u64,
    /// Text to send along.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub payload: String,
    /// How many requests to make.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
    /// Milliseconds after which a request ends by itself [default: never].
    #[arg(
        long,
        value_name = "MS",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub timeout: u32,
    /// Cancel what is left after so many seconds [default: wait for ever].
    #[arg(long, value_name = "SECONDS")]
    pub wait: Option<u32>,
}

/// Arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// How to cancel.
    #[arg(long, value_enum, default_value_t = Way::CancelIoEx)]
    pub by: Way,
    /// A name for the requests.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub tag: u64,
    /// How many requests to make.
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
}

/// A way to cancel requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// `CancelIoEx`, once for each request.
    CancelIoEx,
    /// `CancelIo`, for all of the calling thread.
    CancelIo,
    /// The driver's own CANCEL, for all with the tag.
    #[value(alias = "ioctl")]
    Tag,
    /// The driver's own CANCEL, once for each request by its id. The program finds the ids out by
    /// claiming the requests, so they are canceled while a server has them.
    Id,
    /// The driver's own CANCEL, for all of the handle.
    All,
    /// `CloseHandle`.
    Close,
    /// The end of the thread that made them.
    ThreadExit,
}
