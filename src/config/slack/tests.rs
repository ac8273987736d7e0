use super::*;

fn read(text: &str) -> Result<Vec<WebhookRoute>, String> {
    #[derive(Deserialize)]
    struct File {
        slack: Vec<WebhookSetting>,
    }
    let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    routes(file.slack).map_err(|error| format!("{error:#}"))
}

#[test]
fn a_webhook_has_a_name_and_one_place_for_its_address() {
    let good = "[[slack]]\nname = \"on-call\"\nwebhook-env = \"SLACK\"\n";
    assert_eq!(read(good).expect("reads")[0].name(), "on-call");
    for (text, said) in [
        ("[[slack]]\nname = \"a\"\n", "one of webhook-env"),
        ("[[slack]]\nname = \"a\"\nwebhook-env = \"A\"\nwebhook-file = \"/b\"\n", "one of webhook-env"),
        ("[[slack]]\nname = \"\"\nwebhook-env = \"A\"\n", "letters"),
        ("[[slack]]\nname = \"<!channel>\"\nwebhook-env = \"A\"\n", "letters"),
        ("[[slack]]\nname = \"a\"\nwebhook-env = \"A\"\ncheck = [\"[\"]\n", "check"),
        ("[[slack]]\nname = \"a\"\nwebhook-env = \"A\"\naccount = []\n", "account"),
        ("[[slack]]\nname = \"a\"\nwebhook-env = \"A\"\ndigest-time-zone = \"UTC\"\n", "digest"),
        ("[[slack]]\nname = \"a\"\nwebhook-env = \"A\"\ndigest = \"9 o'clock\"\n", "digest"),
        (
            "[[slack]]\nname = \"a\"\nwebhook-env = \"A\"\ndigest = \"@daily\"\ndigest-time-zone = \"Europe/Dubln\"\n",
            "Europe/Dublin",
        ),
        ("[[slack]]\nname = \"a\"\nwebhook-env = \"A\"\nwebhook = \"x\"\n", "webhook"),
    ] {
        let problem = read(text).expect_err(text);
        assert!(problem.contains(said), "{text}: {problem}");
    }
    assert!(read(&format!("{good}{good}")).expect_err("twice").contains("two webhooks"));
}

#[test]
fn an_address_in_the_place_of_its_name_is_not_repeated() {
    for key in ["webhook-env", "webhook-file", "webhook-credential"] {
        let text = format!("[[slack]]\nname = \"a\"\n{key} = \"https://hooks.slack.com/services/T0/B0/s3cr3t\"\n");
        let problem = read(&text).expect_err(key);
        assert!(problem.contains("not the address") && !problem.contains("s3cr3t"), "{problem}");
    }
}
