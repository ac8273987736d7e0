use aws_sdk_cloudwatch::{
    operation::get_metric_data::GetMetricDataOutput,
    types::{MessageData, MetricDataResult, StatusCode},
};
use jiff::Timestamp;

use super::*;

const NOW: i64 = 1_795_338_000;
const DAY: Window = Window { from: NOW - 86_400, to: NOW - 900, period: 300 };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn metric(value: &str) -> Metric {
    Metric { namespace: "AWS/Logs", name: "IncomingLogEvents", dimensions: vec![("LogGroupName", value.to_owned())] }
}

fn ask(value: &str, statistic: Statistic, window: Window) -> MetricQuery {
    MetricQuery { metric: metric(value), statistic, window }
}

fn result(at: usize, points: &[(i64, f64)], status: StatusCode) -> MetricDataResult {
    MetricDataResult::builder()
        .id(id(at))
        .set_timestamps(Some(points.iter().map(|(second, _)| DateTime::from_secs(*second)).collect()))
        .set_values(Some(points.iter().map(|(_, value)| *value).collect()))
        .status_code(status)
        .build()
}

fn page(results: Vec<MetricDataResult>) -> GetMetricDataOutput {
    GetMetricDataOutput::builder().set_metric_data_results(Some(results)).build()
}

fn answers(pages: &[GetMetricDataOutput]) -> Answers {
    let mut answers = Answers::new(3, "AWS/Logs IncomingLogEvents");
    for page in pages {
        answers.take(page);
    }
    answers
}

fn sums(pages: &[GetMetricDataOutput]) -> [Option<f64>; 3] {
    let answers = answers(pages);
    [0, 1, 2].map(|query| answers.total(query, DAY).ok().map(|total| total.sum))
}

#[test]
fn only_a_whole_answer_counts_and_no_points_are_nothing() {
    use StatusCode::{Complete, Forbidden, InternalError, PartialData};
    let in_window = NOW - 3_600;
    let whole = page(vec![
        result(0, &[], Complete),
        result(1, &[(in_window, 0.0), (in_window - 300, 0.0)], Complete),
        result(2, &[(in_window, 3.0), (in_window - 300, 4.0)], Complete),
    ]);
    assert_eq!(sums(&[whole]), [Some(0.0), Some(0.0), Some(7.0)]);
    let half = page(vec![result(0, &[], PartialData), result(1, &[], Forbidden), result(2, &[], InternalError)]);
    assert_eq!(sums(&[half]), [None; 3]);
    assert_eq!(sums(&[]), [None; 3], "nothing said is nothing known");
    assert_eq!(sums(&[page(vec![result(1, &[], Complete)])]), [None, Some(0.0), None]);
    assert_eq!(sums(&[page(vec![MetricDataResult::builder().id(id(0)).build()])]), [None; 3]);
    assert_eq!(sums(&[page(vec![MetricDataResult::builder().status_code(Complete).build()])]), [None; 3]);
    assert_eq!(sums(&[page(vec![result(7, &[], Complete)])]), [None; 3], "of another call");
    for nonsense in [f64::NAN, f64::INFINITY, -1.0] {
        assert_eq!(sums(&[page(vec![result(0, &[(in_window, nonsense)], Complete)])]), [None; 3]);
    }
    let lame = MetricDataResult::builder().id(id(0)).values(3.0).status_code(Complete).build();
    assert_eq!(sums(&[page(vec![lame])]), [None; 3], "a value without its time");
}

#[test]
fn what_cloudwatch_forbids_is_denied() {
    let answers =
        answers(&[page(vec![result(0, &[], StatusCode::Forbidden), result(1, &[], StatusCode::PartialData)])]);
    let kinds = [0, 1].map(|query| answers.total(query, DAY).expect_err("a gap").why().kind);
    assert_eq!(kinds, [GapKind::Denied, GapKind::Failed]);
}

#[test]
fn pages_add_up_and_the_last_says_whether_it_was_all() {
    use StatusCode::{Complete, PartialData};
    let point = |ago: i64, value| [(NOW - ago, value)];
    let first = page(vec![
        result(0, &point(3_600, 1.0), PartialData),
        result(1, &point(3_600, 2.0), PartialData),
        result(2, &[], Complete),
    ]);
    let last = page(vec![result(0, &point(7_200, 5.0), Complete), result(1, &[], Complete)]);
    assert_eq!(sums(&[first.clone(), last]), [Some(6.0), Some(2.0), Some(0.0)]);
    assert_eq!(sums(&[first]), [None, None, Some(0.0)]);
}

#[test]
fn an_objection_of_cloudwatch_leaves_a_gap() {
    let message = || MessageData::builder().code("x").value("too many metrics").build();
    let whole = GetMetricDataOutput::builder()
        .metric_data_results(result(0, &[], StatusCode::Complete))
        .messages(message())
        .build();
    assert_eq!(sums(std::slice::from_ref(&whole)), [None; 3]);
    let gap = answers(&[whole]).total(0, DAY).expect_err("a gap");
    assert!(gap.to_string().contains("too many metrics"), "{gap}");
    let one = MetricDataResult::builder().id(id(0)).status_code(StatusCode::Complete).messages(message()).build();
    assert_eq!(sums(&[page(vec![one, result(1, &[], StatusCode::Complete)])]), [None, Some(0.0), None]);
}

#[test]
fn a_window_is_cut_out_of_a_longer_answer() {
    let points = [(DAY.from - 300, 1.0), (DAY.from, 10.0), (DAY.to - 300, 100.0), (DAY.to, 1_000.0)];
    let answers = answers(&[page(vec![result(0, &points, StatusCode::Complete)])]);
    let total = |window| answers.total(0, window).expect("whole");
    assert_eq!(total(DAY), MetricTotal { sum: 110.0, greatest: Some(100.0) });
    assert_eq!(total(DAY.on_to(at(NOW))).count(), 1_110);
    assert_eq!(total(Window { from: NOW - 3_600, to: NOW - 1_800, period: 300 }), MetricTotal::default());
}

#[test]
fn each_metric_is_asked_for_once_and_with_all_its_statistics() {
    let later = Window { from: NOW - 7_200, ..DAY };
    let asks = [
        ask("a", Statistic::Sum, DAY),
        ask("b", Statistic::Sum, later),
        ask("a", Statistic::Sum, later),
        ask("a", Statistic::SampleCount, later.on_to(at(NOW))),
    ];
    let batches = batches(&asks);
    let [batch] = &batches[..] else { panic!("{batches:?}") };
    assert_eq!(batch.time, Window { from: DAY.from, to: NOW + 300, period: 300 });
    let queries: Vec<_> = batch.queries.iter().map(|q| (q.statistic, q.asks.clone())).collect();
    assert_eq!(queries, [(Statistic::Sum, vec![0, 2]), (Statistic::SampleCount, vec![3]), (Statistic::Sum, vec![1])]);
    assert_eq!(batch.metrics(), 2, "statistics of one metric count as one");
}

#[test]
fn no_call_is_too_large() {
    let names: Vec<_> = (0..2_000).map(|n| format!("g{n}")).collect();
    for window in [
        DAY,
        Window::covering(at(NOW - 86_400), at(NOW - 900)),
        Window::covering(at(NOW - 15 * 86_400), at(NOW)),
        Window::covering(at(NOW - 450 * 86_400), at(NOW)),
        DAY.as_one(),
    ] {
        let asks: Vec<_> = names
            .iter()
            .flat_map(|name| [Statistic::Sum, Statistic::SampleCount].map(|statistic| ask(name, statistic, window)))
            .collect();
        let batches = batches(&asks);
        for batch in &batches {
            assert!(batch.queries.len() <= 500);
            assert!(i64::try_from(batch.queries.len()).expect("few") * batch.time.points() <= POINTS);
            // The statistics of a metric are never torn apart: each half would be billed.
            assert_eq!(batch.metrics() * 2, batch.queries.len() as u64);
        }
        assert_eq!(batches.iter().map(Batch::metrics).sum::<u64>(), 2_000);
    }
}

#[test]
fn windows_are_whole_periods_inside_or_around() {
    let (since, until) = (at(1_795_251_661), at(1_795_337_161));
    let inside = Window::inside(since, until).expect("a window");
    assert!(inside.from >= since.as_second() && inside.from < since.as_second() + 300);
    assert!(inside.to <= until.as_second() && inside.to > until.as_second() - 300);
    let around = Window::covering(since, until);
    assert!(around.from <= since.as_second() && around.to > until.as_second());
    for (days, period) in [(1, 300), (2, 3_600), (15, 3_600), (16, 86_400), (400, 86_400)] {
        for window in [
            Window::inside(at(NOW - days * 86_400), at(NOW)).expect("a window"),
            Window::covering(at(NOW - days * 86_400), at(NOW)),
        ] {
            assert_eq!((window.period, window.from % period, window.to % period), (period, 0, 0));
        }
    }
    assert_eq!(Window::inside(at(NOW + 1), at(NOW + 299)), None);
    assert_eq!(Window::inside(at(NOW), at(NOW - 300)), None);
}

#[test]
fn what_cannot_be_added_up_is_asked_for_in_one() {
    assert_eq!(DAY.as_one(), Window { period: 86_400 - 900, ..DAY });
    let week = Window::inside(at(NOW - 7 * 86_400), at(NOW)).expect("a window");
    assert_eq!(week.as_one().period, 86_400);
}
