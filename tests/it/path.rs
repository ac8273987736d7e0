//! `gatelight path`: of the demo's account, and of networks that moto holds.

use serde_json::Value;

use crate::support::{
    run::{Gatelight, Ran},
    seed::Account,
};

/// `gatelight path` over the demo's inventory.
fn path(args: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("demo.jsonl");
    let inventory = inventory.to_str().unwrap();
    let demo = Gatelight::new(["demo", "--output", "/dev/null", "--save", inventory]).no_keys().run();
    assert_eq!(demo.status, Some(1), "{demo:#?}");
    Gatelight::new(["path", "--from", inventory]).args(args).no_keys().run()
}

#[test]
fn of_a_function_of_which_one_subnet_is_cut_off() {
    let text = path(&["checkout"]);
    assert_eq!(text.status, Some(1), "{text:#?}");
    for part in
        ["subnet-orders-a (us-east-1a)", "STOPS", "ARRIVES", "nat-zonal is deleted", "intermittent", "fix", "aws ec2"]
    {
        assert!(text.stdout.contains(part), "{part} in {}", text.stdout);
    }
    let too_long = |line: &&str| line.chars().count() > 80 && !line.contains('\'');
    assert_eq!(text.stdout.lines().filter(too_long).collect::<Vec<_>>(), Vec::<&str>::new());

    let json = path(&["checkout", "--format", "json"]);
    assert_eq!(json.status, Some(1));
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    let way = &document["paths"][0];
    assert_eq!((&way["verdict"], &way["function"]["name"]), (&"stops".into(), &"checkout".into()));
    let ends: Vec<_> = way["subnets"].as_array().unwrap().iter().map(|subnet| subnet["verdict"].clone()).collect();
    assert_eq!(ends, ["stops", "arrives"]);
    let last = way["subnets"][0]["hops"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["place"], &last["id"], &last["verdict"]),
        (&"nat-gateway".into(), &"nat-zonal".into(), &"stops".into())
    );
    assert!(way["fix_command"].as_str().unwrap().starts_with("aws ec2 replace-route"));

    // By ARN, and of an alias too: what is shown is the same.
    let arn = way["function"]["arn"].as_str().unwrap();
    for arn in [arn.to_owned(), format!("{arn}:prod")] {
        assert_eq!(path(&[&arn, "--format", "json"]).stdout, json.stdout);
    }
    let picture = path(&["checkout", "--format", "svg"]);
    assert_eq!(picture.status, Some(1));
    assert!(picture.stdout.starts_with("<svg ") && picture.stdout.contains("nat-zonal"), "{}", picture.stdout);
}

#[test]
fn of_a_function_that_arrives_or_is_in_no_vpc() {
    let arrives = path(&["users-sync"]);
    assert_eq!(arrives.status, Some(0), "{arrives:#?}");
    assert!(arrives.stdout.contains("vpce-xray") && !arrives.stdout.contains("STOPS"), "{}", arrives.stdout);
    let outside = path(&["reports"]);
    assert_eq!(outside.status, Some(0), "{outside:#?}");
    assert!(outside.stdout.contains("not in a VPC"), "{}", outside.stdout);
}

#[test]
fn a_name_that_is_not_there_is_named_with_the_nearest() {
    let ran = path(&["chekout"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{ran:#?}");
    assert!(ran.stderr.contains("chekout") && ran.stderr.contains("did you mean checkout?"), "{}", ran.stderr);
    let ran = path(&["arn:aws:s3:::bucket"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("is not the ARN of a function"), "{}", ran.stderr);
    let ran = path(&["checkout", "--region", "eu-west-1"]);
    assert_eq!(ran.status, Some(2), "an inventory is not read from AWS: {ran:#?}");
}

#[test]
fn of_functions_in_the_networks_of_an_account() {
    let account = Account::new();
    let seeded = account.script("us-east-1", include_str!("moto_suite/seeds/networks.py"));
    for (function, status, place) in [
        ("nat", 0, "NAT gateway"),
        ("internet-gateway", 1, "→ igw-"),
        ("no-route", 1, "route table"),
        ("acl-no-back", 1, "network ACL"),
        ("no-egress", 1, "security group"),
        ("endpoint", 0, "private DNS"),
        ("nat-instance", 3, "CANNOT TELL"),
    ] {
        // The ARN says where it is.
        let ran = account.gatelight(["path", &seeded[function], "--pace", "off"]).run();
        assert_eq!(ran.status, Some(status), "{function}: {ran:#?}");
        let unwrapped = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(unwrapped.contains(place), "{function}: {}", ran.stdout);
    }
}
