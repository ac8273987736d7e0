use super::*;

fn kind(status: u16, code: Option<&str>) -> (GapKind, u32) {
    let refusal = Answered { status, code, message: None, retry_after: None }.read();
    (refusal.kind, refusal.attempts)
}

#[test]
fn each_refusal_has_its_kind() {
    assert_eq!(kind(403, Some("AccessDeniedException")), (GapKind::Denied, 1));
    assert_eq!(kind(400, Some("AccessDeniedException")), (GapKind::Denied, 1));
    assert_eq!(kind(400, Some("ThrottlingException")), (GapKind::Throttled, ATTEMPTS));
    assert_eq!(kind(429, None), (GapKind::Throttled, ATTEMPTS));
    assert_eq!(kind(503, Some("SlowDown")), (GapKind::Throttled, ATTEMPTS));
    assert_eq!(kind(403, Some("ExpiredTokenException")), (GapKind::Failed, 1));
    assert_eq!(kind(503, None), (GapKind::Failed, ATTEMPTS));
    assert_eq!(kind(404, None), (GapKind::Unsupported, 1));
    assert_eq!(kind(404, Some("NotFoundException")), (GapKind::Failed, 1));
    assert_eq!(kind(400, Some("ValidationException")), (GapKind::Failed, 1));
}

#[test]
fn a_signed_request_is_not_repeated() {
    let message = Some("The canonical string should have been 'x-amz-security-token:SECRET'");
    let refusal = Answered { status: 403, code: Some("SignatureDoesNotMatch"), message, retry_after: None }.read();
    assert!(!refusal.message.contains("SECRET") && refusal.message.contains("SignatureDoesNotMatch"));
}

#[test]
fn messages_from_outside_are_one_short_line() {
    assert_eq!(clip("a\nb\u{1b}[31m"), "a b [31m");
    assert_eq!(clip(&"x".repeat(1000)).chars().count(), 301);
}

/// Codes differ from service to service; the text is the same.
#[test]
fn a_denial_is_known_by_its_text_too() {
    let read =
        |status, code, message| Answered { status, code: Some(code), message: Some(message), retry_after: None }.read();
    let text = "User: x is not authorized to perform: x:X with an explicit deny in a service control policy: arn:aws:organizations::987654321098:policy/o-a/service_control_policy/p-1";
    for (status, code) in [(400, "AccessDeniedException"), (403, "Forbidden"), (400, "AuthorizationErrorException")] {
        let refusal = read(status, code, text);
        assert_eq!(refusal.kind, GapKind::Denied, "{code}");
        let denial = refusal.denied_by.expect("is told");
        assert!(denial.is_by_service_control_policy() && denial.explicit && denial.arn.is_some());
        assert!(!refusal.message.contains("not authorized"), "{}", refusal.message);
    }
    // A server error is not one, whatever it quotes.
    let broken = read(500, "InternalFailure", text);
    assert_eq!((broken.kind, broken.denied_by), (GapKind::Failed, None));
}

#[test]
fn what_is_wrong_with_rejected_credentials_is_said_and_their_request_is_not_repeated() {
    for (code, message, words) in [
        ("ExpiredToken", "The security token included in the request is expired", "renew"),
        ("RequestExpired", "Request has expired.", "renew"),
        ("InvalidSignatureException", "Signature expired: 20261129T000000Z is now earlier than …", "clock"),
        ("SignatureDoesNotMatch", "The canonical string should have been SECRET", "secret access key"),
        ("UnrecognizedClientException", "The security token included in the request is invalid.", "another partition"),
        ("InvalidClientTokenId", "", "not enabled for the account"),
        ("MissingAuthenticationToken", "", "proxy"),
    ] {
        let refusal = Answered { status: 403, code: Some(code), message: Some(message), retry_after: None }.read();
        assert!(refusal.message.contains(words) && !refusal.message.contains("SECRET"), "{}", refusal.message);
        assert_eq!((refusal.kind, refusal.attempts), (GapKind::Failed, 1), "{code}");
    }
}
