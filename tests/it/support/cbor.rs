//! As much of CBOR as CloudWatch's errors need.

fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let mut bytes = if length < 24 { vec![0x60 + length] } else { vec![0x78, length] };
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// A map of texts.
pub(crate) fn texts(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0xa0 + u8::try_from(pairs.len()).unwrap()];
    for (key, value) in pairs {
        bytes.extend([text(key), text(value)].concat());
    }
    bytes
}
