//! How programs end in a real prefix.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn wine_host(arguments: &[&str]) -> Output {
    Command::new(env::var_os("CARGO_BIN_EXE_wine-host").expect("cargo test sets it"))
        .args(arguments)
        .output()
        .expect("wine-host starts")
}

/// What `wine-host` returns for a command of Wine's cmd.exe.
fn exit_code(options: &[&str], command: &str) -> Option<i32> {
    let arguments = [&["run"], options, &["--", "cmd", "/c", command]].concat();
    wine_host(&arguments).status.code()
}

/// Writes an INF beside a copy of the staged driver, and returns what `csqctl install` says of it.
fn refused_inf(name: &str, text: &str) -> String {
    let prefix = Path::new("../../../../target/wine/prefix");
    let root = std::env::var_os("WINE_HOST_DIR").map_or(prefix.to_owned(), |directory| {
        Path::new(&directory).join("prefix")
    });
    let package = root.join("drive_c/csq");
    let inf = package.join(name);
    std::fs::write(&inf, text).expect("C:\\csq, which `cargo make test wine` stages");
    let path = format!(r"C:\csq\{name}");
    let output = wine_host(&["run", "--", r"C:\csq\csqctl.exe", "install", "--inf", &path]);
    std::fs::remove_file(&inf).expect("the INF that was written");
    assert_eq!(output.status.code(), Some(10), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Errors of SetupAPI's own, 0xE000nnnn, of which `FormatMessage` makes nothing.
fn errors_of_setupapi_are_sentences() {
    // A device that is there is left as it is, whatever the INF.
    let _ = wine_host(&["run", "--", r"C:\csq\csqctl.exe", "uninstall"]);
    let said = refused_inf("no-section.inf", "nothing = here\n[Version]\n");
    assert!(said.contains("line 1: the INF has a line before"), "{said}");
    assert!(said.contains("0x800f0000"), "{said}");
    let said = refused_inf("no-version.inf", "[Manufacturer]\nnobody = nothing\n");
    assert!(said.contains("the INF has no [Version]"), "{said}");
    assert!(said.contains("0x800f0100"), "{said}");
    let said = refused_inf("no-bracket.inf", "[Version\nSignature = \"$WINDOWS NT$\"\n");
    assert!(said.contains("does not end with ]"), "{said}");
}

/// The lines that `csqctl demo` draws: one for each request.
fn lanes(demo: &str) -> Vec<&str> {
    let lines = demo.lines().skip_while(|line| !line.contains("act 1"));
    lines
        .take_while(|line| !line.starts_with("o pended"))
        .collect()
}

/// `tests/client/demo.txt`, which README.md shows, is what the demo prints, but for the times.
fn the_demo_prints_what_is_shown_of_it() {
    let output = wine_host(&[
        "run",
        "--",
        r"C:\csq\csqctl.exe",
        "demo",
        "--inf",
        r"C:\csq\csq.inf",
    ]);
    let printed = String::from_utf8_lossy(&output.stdout);
    let shown = include_str!("../../../../client/demo.txt");
    assert!(lanes(shown).len() > 15, "{shown}");
    assert_eq!(
        lanes(&printed),
        lanes(shown),
        "tests/client/demo.txt: {output:?}"
    );
    assert_eq!(printed.lines().last(), shown.lines().last());
}

/// Ctrl-C, which a terminal sends to the whole process group, ends a server in peace, and nothing else.
fn ctrl_c_is_for_the_program() {
    let inf = [
        "run",
        "--",
        r"C:\csq\csqctl.exe",
        "install",
        "--inf",
        r"C:\csq\csq.inf",
    ];
    assert!(wine_host(&inf).status.success());
    let mut serve =
        Command::new(env::var_os("CARGO_BIN_EXE_wine-host").expect("cargo test sets it"))
            .args([
                "run",
                "--time-limit",
                "0",
                "--",
                r"C:\csq\csqctl.exe",
                "serve",
            ])
            .process_group(0)
            .stdout(Stdio::piped())
            .spawn()
            .expect("wine-host starts");
    let mut lines = BufReader::new(serve.stdout.take().expect("a pipe")).lines();
    let mut line = || lines.next().expect("another line").expect("text");
    assert!(line().starts_with("serving"));
    // The shell's own: a small Debian has no program of that name.
    let interrupt = format!("kill -s INT -- -{}", serve.id());
    let interrupted = Command::new("sh").args(["-c", &interrupt]).status();
    assert!(interrupted.expect("a shell").success());
    assert_eq!(line(), "0 requests answered, 0 had ended before");
    assert_eq!(serve.wait().expect("its end").code(), Some(0));
    // The session, and the driver in it, are still there.
    let stats = wine_host(&["run", "--", r"C:\csq\csqctl.exe", "stats"]);
    assert!(stats.status.success(), "{stats:?}");
}

// One test: they share a session, and the last one ends it.
#[test]
#[ignore = "needs Wine and takes a while; `cargo make test` includes it"]
fn a_program_ends_as_it_ended() {
    assert!(wine_host(&["prepare"]).status.success());

    errors_of_setupapi_are_sentences();
    the_demo_prints_what_is_shown_of_it();
    ctrl_c_is_for_the_program();
    assert_eq!(exit_code(&[], "exit 0"), Some(0));
    assert_eq!(exit_code(&[], "exit 7"), Some(7));
    // 512 is 0 in the eight bits that Linux keeps.
    assert_eq!(exit_code(&[], "exit 512"), Some(123));
    assert_eq!(
        exit_code(&["--dir", "/no/such/directory"], "exit 0"),
        Some(125)
    );
    assert_eq!(
        wine_host(&["run", "no-such-program.exe"]).status.code(),
        Some(127)
    );

    let output = wine_host(&["run", "--dir", "/", "--", "cmd", "/c", "cd"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "Z:\\");

    let start = Instant::now();
    let hung = "ping -n 600 127.0.0.1";
    assert_eq!(exit_code(&["--time-limit", "1"], hung), Some(124));
    assert!(start.elapsed() < Duration::from_mins(1));
    assert_eq!(exit_code(&[], "exit 3"), Some(3));
    assert!(wine_host(&["stop"]).status.success());
}
