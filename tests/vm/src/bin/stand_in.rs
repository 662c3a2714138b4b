//! Takes the place of QEMU in this crate's tests: looks at the bundle, answers as the guest agent, and
//! says on the serial port what `CSQ_STAND_IN` asks for.

use std::io::{BufRead, BufReader, Cursor, Write};
use std::os::unix::net::UnixListener;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vm::report::STEPS;

fn main() -> ExitCode {
    match stand_in() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("stand-in: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn stand_in() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let option = |start: &str, part: &str| {
        let option = arguments
            .iter()
            .find(|argument| argument.starts_with(start))?;
        option
            .split(',')
            .find_map(|field| field.strip_prefix(part).map(str::to_owned))
    };
    let behavior = env::var("CSQ_STAND_IN").unwrap_or_default();
    if behavior == "refuse" {
        return Ok(ExitCode::FAILURE);
    }
    let bundle = option("if=none,id=bundle", "file=").context("no disk with the bundle")?;
    has_files(&bundle)?;
    let socket = option("socket,id=agent", "path=").context("no socket for the agent")?;
    let agent = UnixListener::bind(socket)?;
    if behavior == "no agent" {
        thread::sleep(Duration::from_mins(5));
        return Ok(ExitCode::SUCCESS);
    }
    answer_as_agent(&agent)?;
    speak(&behavior);
    if ["crash", "half"].contains(&&*behavior) {
        return Ok(ExitCode::SUCCESS);
    }
    // As a guest does that nobody shuts down.
    thread::sleep(Duration::from_mins(5));
    Ok(ExitCode::SUCCESS)
}

/// What the guest needs is on the disk.
fn has_files(bundle: &str) -> Result<()> {
    let image = fs::read(bundle)?;
    let volume = image.get(2048 * 512..).context("the disk is too small")?;
    let volume = fatfs::FileSystem::new(Cursor::new(volume.to_vec()), fatfs::FsOptions::new())?;
    for name in [
        "run.cmd",
        "run.ps1",
        "csq.sys",
        "csq.inf",
        "csq.cat",
        "csq.cer",
        "csqctl.exe",
    ] {
        volume
            .root_dir()
            .open_file(name)
            .with_context(|| format!("{name} is not on the disk"))?;
    }
    Ok(())
}

/// Answers until the bundle is to be started.
fn answer_as_agent(agent: &UnixListener) -> Result<()> {
    let (stream, _) = agent.accept()?;
    for line in BufReader::new(&stream).lines() {
        let question: Value = serde_json::from_str(&line?)?;
        let arguments = question.get("arguments").cloned().unwrap_or_default();
        match question.get("execute").and_then(Value::as_str) {
            Some("guest-sync") => {
                writeln!(&stream, "{}", json!({"return": arguments.get("id")}))?;
            }
            Some("guest-exec") => {
                ensure!(arguments.to_string().contains("run.cmd"), "{arguments}");
                writeln!(&stream, "{}", json!({"return": {"pid": 4}}))?;
                return Ok(());
            }
            _ => writeln!(
                &stream,
                "{}",
                json!({"error": {"class": "CommandNotFound"}})
            )?,
        }
    }
    Ok(())
}

fn speak(behavior: &str) {
    println!("firmware text\r");
    if behavior == "silent" {
        return;
    }
    println!("csq: begin\r");
    for step in STEPS {
        println!("csq: step {step}\r");
        if behavior == "crash" && step == "stress" {
            return;
        }
        println!("some text of {step}\r");
        if behavior == "fail" && step == "selftest" {
            println!("csq: fail selftest 2 of 59 behaviors\r");
            println!("csq: end fail selftest\r");
            return;
        }
        println!("csq: pass {step}\r");
    }
    match behavior {
        "half" => {}
        "twice" => println!("csq: end pass\r\ncsq: end pass\r"),
        _ => println!("csq: end pass\r"),
    }
}
