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
