//! Exit status and messages, without moto. What is said is the program's affair; that it names the thing is not.

mod can;
mod ledger;
mod offline;

use std::{net::TcpListener, time::Duration};

use crate::support::run::{Gatelight, Ran};

fn audit(args: &[&str]) -> Gatelight {
    Gatelight::new(["audit"]).args(args)
}

/// The URL of a loopback port on which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn no_credentials() {
    let bare = || audit(&["--region", "us-east-1"]).no_keys();
    // With the metadata service of EC2 switched off; and left on, where this machine has none or a slow one.
    for run in [bare(), bare().without_env("AWS_EC2_METADATA_DISABLED")] {
        let ran = run.run();
        ran.refuses(&["credentials"]);
        assert!(ran.took < Duration::from_secs(10), "{ran:#?}");
        assert_eq!(ran.stdout, "");
        // One clear sentence with what to do, not a chain of causes.
        assert!(ran.stderr.lines().filter(|line| !line.trim().is_empty()).count() <= 3, "{}", ran.stderr);
        assert!(
            ["AWS_PROFILE", "--profile", "aws sso login", "aws configure"].iter().any(|help| ran.stderr.contains(help)),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_profile_that_is_not_there() {
    audit(&["--region", "us-east-1", "--profile", "sohp"]).no_keys().run().refuses(&["sohp"]);
    let config = "[profile shop]\nregion = us-east-1\n";
    let other = audit(&["--region", "us-east-1", "--profile", "sohp"]).no_keys().file(".aws/config", config);
    other.run().refuses(&["sohp"]);
    audit(&["--region", "us-east-1"]).no_keys().env("AWS_PROFILE", "sohp").run().refuses(&["sohp"]);
    // With keys in the environment too: a profile that was asked for is not passed over.
    audit(&["--region", "us-east-1", "--profile", "sohp"]).endpoint(&nobody()).run().refuses(&["sohp"]);
    // One without credentials.
    let empty = audit(&["--region", "us-east-1", "--profile", "shop"]).no_keys().file(".aws/config", config).run();
    empty.refuses(&["shop"]);
    assert!(empty.took < Duration::from_secs(10), "{empty:#?}");
}

#[test]
fn a_role_that_is_none() {
    for arn in [
        "gatelight",
        "arn:aws:iam::123:role/gatelight",
        "arn:aws:iam::12345678901x:role/gatelight",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:user/gatelight",
        "arn:aws:sts::123456789012:role/gatelight",
    ] {
        audit(&["--region", "us-east-1", "--role-arn", arn]).run().refuses(&[arn]);
    }
}

#[test]
fn a_region_that_is_not_there() {
    for name in ["us-esat-1", "useast1", "us east 1", "-", "us-east-1/../x"] {
        let ran = audit(&[&format!("--region={name}")]).endpoint(&nobody()).run();
        ran.refuses(&[name]);
        assert!(ran.took < Duration::from_secs(10), "{ran:#?}");
    }
    audit(&["--region", "us-esat-1"]).endpoint(&nobody()).run().refuses(&["us-esat-1", "us-east-1"]);
    audit(&[]).env("AWS_REGION", "us-esat-1").endpoint(&nobody()).run().refuses(&["us-esat-1"]);
}

#[test]
fn no_region() {
    audit(&[]).endpoint(&nobody()).run().refuses(&["--region"]);
}

#[test]
fn nobody_answers() {
    let url = nobody();
    let ran = audit(&["--region", "us-east-1"]).endpoint(&url).run();
    ran.refuses(&[url.strip_prefix("http://").unwrap()]);
    assert!(ran.took < Duration::from_mins(1), "{ran:#?}");
    assert_eq!(ran.stdout, "");
    let ran = audit(&["--region", "us-east-1"]).endpoint("http://gatelight.invalid:4566").run();
    ran.refuses(&["gatelight.invalid"]);
    audit(&["--region", "us-east-1"]).endpoint("not a url").run().refuses(&["AWS_ENDPOINT_URL"]);
    audit(&["--region", "us-east-1"]).endpoint("").run().refuses(&["AWS_ENDPOINT_URL"]);
}

/// Each broken file, and what must be named.
#[test]
fn a_broken_configuration() {
    let cases: [(&str, &[&str]); 14] = [
        ("region = [\n", &["line"]),
        ("region = \"us-east-1\"\nfail-on = nope\n", &["2"]),
        ("regoin = [\"us-east-1\"]\n", &["regoin", "region", "1"]),
        ("format = \"json\"\n\nfail_on = \"low\"\n", &["fail_on", "fail-on", "3"]),
        ("\n\nzzzzzz = 1\n", &["zzzzzz", "3"]),
        ("fail-on = \"severe\"\n", &["severe"]),
        ("format = \"yaml\"\n", &["yaml"]),
        ("pace = 2\n", &["line 1"]),
        ("[severity]\naccess-log-off = \"severe\"\n", &["severe", "2"]),
        ("[severity]\naccess-log-of = \"low\"\n", &["access-log-of", "access-log-off"]),
        ("check = [\"access-log-of\"]\n", &["access-log-of", "access-log-off"]),
        ("[[ignore]]\ncheck = \"access-log-off\"\nsubject = \"*\"\n", &["reason"]),
        (
            "[[ignore]]\ncheck = \"access-log-off\"\nsubject = \"*\"\nreason = \"r\"\nuntill = \"2027-01-31\"\n",
            &["untill", "until", "5"],
        ),
        (
            "[[ignore]]\ncheck = \"access-log-off\"\nsubject = \"*\"\nreason = \"r\"\nuntil = \"2027-13-31\"\n",
            &["2027-13-31"],
        ),
    ];
    for (content, names) in cases {
        audit(&["--config", "gate.toml"]).file("gate.toml", content).endpoint(&nobody()).run().refuses(names);
    }
    audit(&["--config", "nowhere.toml"]).run().refuses(&["nowhere.toml"]);
    audit(&["--config", "gate.toml"]).file("gate.toml", [0xff, 0xfe]).run().refuses(&["gate.toml"]);
}

/// The annotated example holds every key; it must load, and its way of auditing must not be changed by it.
#[test]
fn the_example_configuration_loads() {
    let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/gatelight.example.toml")).unwrap();
    let url = nobody();
    let ran =
        audit(&["--config", "gate.toml", "--region", "us-east-1"]).file("gate.toml", example).endpoint(&url).run();
    ran.refuses(&[url.strip_prefix("http://").unwrap()]);
}

#[test]
fn bad_usage() {
    let refused = |args: &[&str], names: &[&str]| audit(args).endpoint(&nobody()).run().refuses(names);
    let here = "--region=us-east-1";
    refused(&[here, "--check", "access-log-of"], &["access-log-of", "access-log-off"]);
    refused(&[here, "--skip", "stage-tracing"], &["stage-tracing", "stage-tracing-off"]);
    refused(&[here, "--check", "zzzz"], &["zzzz"]);
    for pace in ["0", "2", "abc", "-1", "NaN", "inf", ""] {
        refused(&[here, &format!("--pace={pace}")], &["--pace"]);
    }
    refused(&[here, "--format", "yaml"], &["yaml", "json"]);
    refused(&[here, "--fail-on", "severe"], &["severe", "medium"]);
    refused(&[here, "--color", "sometimes"], &["sometimes"]);
    refused(&[here, "--all-regions"], &["--all-regions"]);
    refused(&[here, "--regoin", "x"], &["--regoin"]);
    Gatelight::new(["adit"]).run().refuses(&["adit", "audit"]);
    assert_eq!(Gatelight::new::<&str>([]).run().status, Some(2));
}

#[test]
fn help_and_version() {
    for args in [&["--help"][..], &["audit", "--help"], &["format", "--help"], &["format", "check", "--help"]] {
        let ran = Gatelight::new(args).no_keys().run();
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:#?}");
    }
    let help = Gatelight::new(["audit", "--help"]).run().stdout;
    for flag in [
        "--region",
        "--all-regions",
        "--profile",
        "--from",
        "--save",
        "--check",
        "--skip",
        "--format",
        "--output",
        "--fail-on",
        "--pace",
        "--config",
        "--quiet",
        "--verbose",
        "--color",
        "--no-progress",
    ] {
        assert!(help.contains(flag), "{flag} in {help}");
    }
    let version = Gatelight::new(["--version"]).run();
    assert_eq!((version.status, version.stdout.trim()), (Some(0), concat!("gatelight ", env!("CARGO_PKG_VERSION"))));
}

/// Where the report cannot be written the exit status says so, whatever the findings.
#[test]
fn an_output_that_cannot_be_written() {
    let demo = |path: &str| Gatelight::new(["demo", "--output", path]).no_keys().run();
    demo("no/such/folder/report.txt").refuses(&["no/such/folder/report.txt"]);
    demo("/dev/full").refuses(&["/dev/full"]);
    demo(".").refuses(&[]);
}

/// Before anything is asked of AWS: an audit takes minutes, and what it cannot deliver need not be collected.
#[test]
fn a_file_to_save_to_that_cannot_be_written() {
    let refused = |flag: &str| audit(&["--region", "us-east-1", flag, "no/such/folder/x"]).endpoint(&nobody()).run();
    refused("--save").refuses(&["no/such/folder/x"]);
    refused("--output").refuses(&["no/such/folder/x"]);
}

/// `gatelight … | head` is no failure to shout about.
#[test]
fn stdout_that_closes_early() {
    let ran: Ran = {
        let script = format!("{} explain | head -1; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_gatelight"));
        let output = std::process::Command::new("bash").args(["-c", &script]).env_clear().output().unwrap();
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took: Duration::ZERO,
        }
    };
    assert!(!ran.stderr.contains("panicked"), "{ran:#?}");
}
