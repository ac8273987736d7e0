//! As much of CBOR as answers for CloudWatch need.

use std::time::{SystemTime, UNIX_EPOCH};

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

/// The metrics that a `GetMetricData` request asks for: the id of each, and what the request says from there on.
fn metrics(request: &[u8]) -> Vec<(String, &[u8])> {
    let starts: Vec<usize> = (0..request.len()).filter(|at| request[*at..].starts_with(b"\x62Id")).collect();
    let ends = starts.iter().skip(1).copied().chain([request.len()]);
    let part = |(start, end): (&usize, usize)| {
        let part = &request[start + 3..end];
        let (length, rest) = match part {
            [short @ 0x60..=0x77, rest @ ..] => (usize::from(short - 0x60), rest),
            [0x78, length, rest @ ..] => (usize::from(*length), rest),
            _ => return None,
        };
        Some((String::from_utf8(rest[..length].to_vec()).unwrap(), rest))
    };
    starts.iter().zip(ends).filter_map(part).collect()
}

/// An answer to `GetMetricData`: each metric has one sample, or none, by what the request says of it.
pub(crate) fn metric_data(request: &[u8], sample: impl Fn(&[u8]) -> Option<f64>) -> Vec<u8> {
    let now = u32::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap() - 7_200;
    let metrics = metrics(request);
    let mut bytes = [vec![0xa1], text("MetricDataResults")].concat();
    bytes.push(0x99);
    bytes.extend(u16::try_from(metrics.len()).unwrap().to_be_bytes());
    for (id, about) in &metrics {
        let (mut times, mut values) = (vec![0x80], vec![0x80]);
        if let Some(sample) = sample(about) {
            times = [vec![0x81, 0xc1, 0x1a], now.to_be_bytes().to_vec()].concat();
            values = [vec![0x81, 0xfb], sample.to_be_bytes().to_vec()].concat();
        }
        bytes.push(0xa5);
        for part in [text("Id"), text(id), text("Label"), text("l"), text("StatusCode"), text("Complete")] {
            bytes.extend(part);
        }
        bytes.extend([text("Timestamps"), times, text("Values"), values].concat());
    }
    bytes
}
