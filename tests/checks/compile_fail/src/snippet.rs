//! What a snippet is compiled in. Without the feature `snippet` there is nothing here, so that the
//! package compiles on any host.

#![no_std]

#[cfg(feature = "snippet")]
include!(env!("SNIPPET"));
