//! Unpacks a corpus for a fuzzer, which wants a file for each input, and packs what it has kept.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use differential::corpus;

/// Unpacks and packs the corpora of tests/hunt/fuzz/corpus.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes each input of a corpus into a file of its own.
    Unpack {
        /// The corpus, NAME.hex.
        corpus: PathBuf,
        /// Where to.
        directory: PathBuf,
    },
    /// Adds the files of a directory to a corpus.
    Pack {
        /// Each file is an input.
        directory: PathBuf,
        /// The corpus, NAME.hex.
        corpus: PathBuf,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Unpack { corpus, directory } => {
            std::fs::create_dir_all(&directory)?;
            for (number, input) in corpus::read(&corpus)?.into_iter().enumerate() {
                std::fs::write(directory.join(format!("kept-{number:04}")), input)?;
            }
        }
        Command::Pack { directory, corpus } => {
            let mut inputs = corpus::read(&corpus)?;
            let entries = std::fs::read_dir(&directory);
            for entry in entries.with_context(|| directory.display().to_string())? {
                inputs.push(std::fs::read(entry?.path())?);
            }
            corpus::write(&corpus, inputs)?;
        }
    }
    Ok(())
}
