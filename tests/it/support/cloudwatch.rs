//! A small CloudWatch: what `GetMetricData` asks in RPCv2-CBOR, which the emulators lack, and answers to it. Held against
//! botocore's model of the service in `metrics.rs`.

use std::time::{SystemTime, UNIX_EPOCH};

use minicbor::{
    Decoder, Encoder,
    data::{IanaTag, Type},
};

/// What a request asks.
#[derive(Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) queries: Vec<Query>,
    /// In seconds since 1970.
    pub(crate) from: f64,
    pub(crate) to: f64,
}

/// One statistic of one metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Query {
    pub(crate) id: String,
    pub(crate) namespace: String,
    pub(crate) metric: String,
    pub(crate) dimensions: Vec<(String, String)>,
    pub(crate) statistic: String,
    pub(crate) period: u64,
}

impl Query {
    /// The value of a dimension.
    pub(crate) fn dimension(&self, name: &str) -> &str {
        self.dimensions.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// Reads the keys of a map or the elements of a list; of definite length, or until the break.
fn each<'b>(d: &mut Decoder<'b>, length: Option<u64>, mut take: impl FnMut(&mut Decoder<'b>)) {
    let mut left = length;
    while left != Some(0) {
        if left.is_none() && d.datatype().unwrap() == Type::Break {
            d.skip().unwrap();
            return;
        }
        take(d);
        left = left.map(|left| left - 1);
    }
}

fn map<'b>(d: &mut Decoder<'b>, mut take: impl FnMut(&str, &mut Decoder<'b>)) {
    let length = d.map().unwrap();
    each(d, length, |d| {
        let key = d.str().unwrap();
        take(key, d);
    });
}

fn list<'b>(d: &mut Decoder<'b>, take: impl FnMut(&mut Decoder<'b>)) {
    let length = d.array().unwrap();
    each(d, length, take);
}

fn time(d: &mut Decoder<'_>) -> f64 {
    assert_eq!(d.tag().unwrap(), IanaTag::Timestamp.tag());
    match d.datatype().unwrap() {
        Type::F16 | Type::F32 | Type::F64 => d.f64().unwrap(),
        _ => f64::from(u32::try_from(d.u64().unwrap()).unwrap()),
    }
}

/// Reads a request. Whatever it does not know is a failure of the test.
pub(crate) fn asked(body: &[u8]) -> Asked {
    let mut d = Decoder::new(body);
    let mut asked = Asked { queries: Vec::new(), from: f64::NAN, to: f64::NAN };
    map(&mut d, |key, d| match key {
        "MetricDataQueries" => list(d, |d| asked.queries.push(query(d))),
        "StartTime" => asked.from = time(d),
        "EndTime" => asked.to = time(d),
        "NextToken" => d.skip().unwrap(),
        other => panic!("GetMetricData with {other}"),
    });
    asked
}

fn query(d: &mut Decoder<'_>) -> Query {
    let mut query = Query::default();
    map(d, |key, d| match key {
        "Id" => query.id = d.str().unwrap().into(),
        "ReturnData" => assert!(d.bool().unwrap()),
        "MetricStat" => map(d, |key, d| match key {
            "Period" => query.period = d.u64().unwrap(),
            "Stat" => query.statistic = d.str().unwrap().into(),
            "Metric" => map(d, |key, d| match key {
                "Namespace" => query.namespace = d.str().unwrap().into(),
                "MetricName" => query.metric = d.str().unwrap().into(),
                "Dimensions" => list(d, |d| {
                    let (mut name, mut value) = (String::new(), String::new());
                    map(d, |key, d| match key {
                        "Name" => name = d.str().unwrap().into(),
                        "Value" => value = d.str().unwrap().into(),
                        other => panic!("a dimension with {other}"),
                    });
                    query.dimensions.push((name, value));
                }),
                other => panic!("a metric with {other}"),
            }),
            other => panic!("a statistic with {other}"),
        }),
        other => panic!("a query with {other}"),
    });
    query
}

/// An answer in which each query has one data point, two hours old, or none.
pub(crate) fn answer(asked: &Asked, value: impl Fn(&Query) -> Option<f64>) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    answer_at(asked, now - 7_200, value)
}

/// The same, with data points in the period of that time.
pub(crate) fn answer_at(asked: &Asked, second: u64, value: impl Fn(&Query) -> Option<f64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut e = Encoder::new(&mut bytes);
    e.map(1).unwrap().str("MetricDataResults").unwrap().array(asked.queries.len() as u64).unwrap();
    for query in &asked.queries {
        let value = value(query);
        e.map(5).unwrap().str("Id").unwrap().str(&query.id).unwrap().str("Label").unwrap().str("l").unwrap();
        e.str("StatusCode").unwrap().str("Complete").unwrap();
        e.str("Timestamps").unwrap().array(value.iter().count() as u64).unwrap();
        if value.is_some() {
            e.tag(IanaTag::Timestamp).unwrap().u64(second - second % query.period).unwrap();
        }
        e.str("Values").unwrap().array(value.iter().count() as u64).unwrap();
        if let Some(value) = value {
            e.f64(value).unwrap();
        }
    }
    bytes
}

/// An answer as it would be if CloudWatch had said only a part.
pub(crate) fn partial(answer: &[u8]) -> Vec<u8> {
    let (whole, part) = (b"\x68Complete".as_slice(), b"\x6bPartialData".as_slice());
    let mut bytes = Vec::with_capacity(answer.len() + answer.len() / 8);
    let mut at = 0;
    while at < answer.len() {
        if answer[at..].starts_with(whole) {
            bytes.extend_from_slice(part);
            at += whole.len();
        } else {
            bytes.push(answer[at]);
            at += 1;
        }
    }
    bytes
}
