//! What is accepted, and what is not.

use super::*;
use clap::CommandFactory;

fn parsed(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(line.split_whitespace())
}

#[test]
fn the_definition_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn help_lists_the_exit_codes() {
    let help = Arguments::command().render_help().to_string();
    assert!(
        help.contains("Exit codes:") && help.contains("130"),
        "{help}"
    );
}

#[test]
fn json_may_stand_anywhere() {
    assert!(parsed("csqctl --json stats").unwrap().json);
    assert!(parsed("csqctl stats --json").unwrap().json);
    assert!(!parsed("csqctl stats").unwrap().json);
}

#[test]
fn pend_has_defaults_and_limits() {
    let Command::Pend(pend) = parsed("csqctl pend").unwrap().command else {
        panic!("not pend");
    };
    assert_eq!((pend.tag, pend.count, pend.wait), (0, 1, None));
    assert!(parsed("csqctl pend --count 0").is_err());
    assert!(parsed("csqctl pend --tag -1").is_err());
    assert!(parsed("csqctl pend --tag 18446744073709551615").is_ok());
}

#[test]
fn ways_to_cancel_have_their_names() {
    let Command::Cancel(cancel) = parsed("csqctl cancel --by thread-exit").unwrap().command else {
        panic!("not cancel");
    };
    assert_eq!(cancel.by, Way::ThreadExit);
    for (name, way) in [
        ("id", Way::Id),
        ("all", Way::All),
        ("tag", Way::Tag),
        ("ioctl", Way::Tag),
    ] {
        let line = format!("csqctl cancel --by {name}");
        let Command::Cancel(cancel) = parsed(&line).unwrap().command else {
            panic!("not cancel");
        };
        assert_eq!(cancel.by, way);
    }
    assert!(parsed("csqctl cancel --by magic").is_err());
}

#[test]
fn a_reply_is_a_status_and_a_payload() {
    let Command::Complete(complete) = parsed("csqctl complete 0x100000002 --status cancelled")
        .unwrap()
        .command
    else {
        panic!("not complete");
    };
    assert_eq!(complete.id, Some(0x1_0000_0002));
    assert_eq!(complete.reply.status(), csq_protocol::status::CANCELLED);
    assert!(complete.reply.payload().is_empty());
    for line in [
        "csqctl complete 0x",
        "csqctl complete -1",
        "csqctl complete --status maybe",
        "csqctl claim --hold 3 --payload x",
        "csqctl serve --exec x --status 0",
        "csqctl serve --depth 0",
    ] {
        assert!(parsed(line).is_err(), "{line}");
    }
    assert!(parsed("csqctl claim --wait --count 3 --hold 0").is_ok());
}

#[test]
fn an_answer_that_the_driver_refuses_is_refused_before() {
    for (line, is_good) in [
        ("csqctl complete --status CANCELLED", true),
        ("csqctl complete --status CANCELLED --payload x", false),
        ("csqctl complete --status BUFFER_OVERFLOW --payload x", true),
        ("csqctl complete --status PENDING", false),
        ("csqctl complete --payload x", true),
    ] {
        let Command::Complete(complete) = parsed(line).unwrap().command else {
            panic!("not complete");
        };
        assert_eq!(complete.reply.check().is_ok(), is_good, "{line}");
    }
    let long = Reply {
        status: None,
        payload: Some("x".repeat(4097)),
    };
    assert_eq!(long.check(), Err(ReplyError::Long { length: 4097 }));
}

#[test]
fn nonsense_exits_with_the_documented_code() {
    for line in ["csqctl", "csqctl frobnicate", "csqctl stats --color"] {
        let code = parsed(line).unwrap_err().exit_code();
        assert_eq!(code, i32::from(exit_code::USAGE), "{line}");
    }
}
