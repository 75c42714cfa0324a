/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The tables and the charts of some runs. */
final class Report {

    private static final String ABSENT = "—";
    private static final String SIZES =
            "S is 32×10, M 256×1000 and L 2048×2048, or 4096×10000 with class indices; what has"
                    + " other axes is about as large";

    private final List<Run> all;
    private final StringBuilder text = new StringBuilder();

    Report(List<Run> all) {
        this.all = all;
    }

    private List<Run> runs(Mode mode) {
        return all.stream().filter(run -> run.mode() == mode).toList();
    }

    /** Returns the tables. */
    String markdown() {
        List<Run> steps = runs(Mode.STEP);
        List<Run> loops = runs(Mode.LOOP);
        line("# Benchmark");
        line("");
        line("Written by the command itself; do not edit. " + SIZES + ".");
        line("**Ratios below 1 mean that DJLosses is faster.**");
        line("");
        line("Times are what a step of DJL's trainer pays for its loss: predictions come out of a");
        line(
                "layer, whose own time does not count; the collector is new, and everything is"
                        + " closed");
        line(
                "with the batch. Variants take turns in one JVM, in an order that changes; a ratio"
                        + " is");
        line("that of the medians. In a *loop*, predictions are leaves instead.");
        line("");
        line("* **native**: PyTorch's own kernels, called by a script. **operator**: MXNet's own.");
        line("* **plain**: the NDArray operations that one would write; else the loss's formula.");
        line("* **built-in**: DJL's own loss. **reading**: the reading of ours that serves.");
        line("* **memory**: the peak over the inputs. **faults**: page faults in a step.");
        line("* **error**: of value and gradient, relative, against native or plain, any size.");
        heading("## Summary");
        line("Medians over the losses, and in parentheses the largest; **bold** over the target.");
        line("");
        row("run", "ratio", "S", "M", "L");
        row("---", "---", "---", "---", "---");
        steps.forEach(run -> summary(run, Targets.of(run.base())));
        loops.forEach(run -> summary(run, Targets.of(run.base()).subList(0, 2)));
        epochs(runs(Mode.EPOCH));
        steps.forEach(this::exceeding);
        steps.forEach(this::step);
        loops.forEach(this::loop);
        if (!runs(Mode.LIMITS).isEmpty()) {
            heading("## What losses are made of");
            line(
                    "Milliseconds of a call (S) and of a pass over an array (M, L), which no loss"
                            + " does");
            line(
                    "without. *Exact* is what ours use where the engine's own is not exact in"
                            + " FLOAT32.");
            line("A *gradient of one's own* is what gives a value in closed form its gradient.");
            runs(Mode.LIMITS).forEach(this::limits);
        }
        List<Run> libraries = new ArrayList<>(runs(Mode.PEERS));
        if (!libraries.isEmpty()) {
            introducePeers();
            // By their number of threads, ours first.
            libraries.sort(Comparator.comparing(Run::engine));
            libraries.stream()
                    .collect(Collectors.groupingBy(Run::threads, TreeMap::new, Collectors.toList()))
                    .values()
                    .forEach(this::peers);
        }
        return text.toString();
    }

    private void summary(Run run, List<Targets> targets) {
        for (Targets target : targets) {
            List<String> cells = new ArrayList<>(List.of(title(run), target.name()));
            for (Size size : Size.values()) {
                cells.add(
                        spread(
                                of(run, size),
                                target::ratio,
                                target.median(size),
                                target.single(size)));
            }
            if (cells.stream().skip(2).anyMatch(cell -> !cell.equals(ABSENT))) {
                cells(cells);
            }
        }
        if (run.mode() == Mode.STEP) {
            List<String> cells = new ArrayList<>(List.of(title(run), "memory, ours / base"));
            for (Size size : Size.values()) {
                cells.add(
                        spread(
                                of(run, size),
                                row -> memory(row, Targets.base(row)),
                                Double.POSITIVE_INFINITY,
                                Double.POSITIVE_INFINITY));
            }
            cells(cells);
        }
    }

    /** Returns the median of ratios and the largest, with its loss. */
    private static String spread(
            List<Run.Measurement> rows,
            Function<Run.Measurement, @Nullable Double> ratio,
            double medianTarget,
            double target) {
        Double median = median(rows.stream().map(ratio));
        if (median == null) {
            return ABSENT;
        }
        Run.Measurement worst =
                rows.stream()
                        .filter(row -> ratio.apply(row) != null)
                        .max(Comparator.comparing(row -> Objects.requireNonNull(ratio.apply(row))))
                        .orElseThrow();
        Double most = ratio.apply(worst);
        return against(median, medianTarget)
                + " ("
                + against(most, target)
                + " "
                + worst.row()
                + ")";
    }

    private static String against(@Nullable Double value, double target) {
        return value != null && value > target ? bold(value) : number(value);
    }

    private void epochs(List<Run> epochs) {
        if (epochs.isEmpty()) {
            return;
        }
        heading("## Epochs of DJL's trainer");
        line("Milliseconds of a step of a model of one linear layer, data included, each in a");
        line(
                "process of its own; *no loss* is the sum of the predictions. The last column is"
                        + " what");
        line("ours adds to a step over what the built-in loss adds.");
        line("");
        row("run", "loss", "shape", "no loss", "built-in", "ours", "ours / built-in", "added");
        row("---", "---", "---", "---", "---", "---", "---", "---");
        for (Run run : epochs) {
            for (Run.Measurement row : run.measurements()) {
                Double none = value(row, Epoch.NONE, Run.Result::milliseconds);
                Double ours = value(row, Stage.OURS, Run.Result::milliseconds);
                Double other = value(row, Stage.BUILT_IN, Run.Result::milliseconds);
                row(
                        title(run),
                        row.row(),
                        row.shape(),
                        time(row, Epoch.NONE),
                        time(row, Stage.BUILT_IN),
                        time(row, Stage.OURS),
                        bold(row.ratio(Stage.OURS, Stage.BUILT_IN)),
                        none == null || ours == null || other == null || other <= none
                                ? ABSENT
                                : number((ours - none) / (other - none)));
            }
        }
    }

    private static String time(Run.Measurement row, String variant) {
        Run.Result result = row.get(variant);
        return result == null
                ? ABSENT
                : String.format(
                        Locale.ROOT,
                        "%s, %.0f faults",
                        number(result.milliseconds()),
                        result.faults());
    }

    /** Lists what is over its target; with more threads than one there are none. */
    private void exceeding(Run run) {
        List<List<String>> found = new ArrayList<>();
        for (Targets target : Targets.of(run.base())) {
            for (Run.Measurement row : run.measurements()) {
                Double ratio = target.ratio(row);
                Size size = row.size();
                if (size != null && ratio != null && ratio > target.single(size)) {
                    String limit = number(target.single(size));
                    found.add(List.of(row.row(), "" + size, target.name(), number(ratio), limit));
                }
            }
        }
        if (run.threads() == 1 && !found.isEmpty()) {
            heading("## Over the target: " + title(run));
            row("loss", "size", "ratio", "measured", "target");
            row("---", "---", "---", "---", "---");
            found.forEach(this::cells);
        }
    }

    private void step(Run run) {
        heading("## " + title(run));
        facts(run, "bench");
        line("");
        List<String> head = new ArrayList<>(List.of("loss"));
        for (Size size : Size.values()) {
            head.addAll(
                    List.of(
                            size + " ms",
                            "/ " + run.base(),
                            "/ built-in",
                            "reading",
                            "faults, " + run.base() + "'s"));
        }
        head.addAll(List.of("MiB", "/ " + run.base(), "/ built-in", "error"));
        cells(head);
        cells(head.stream().map(cell -> "---").toList());
        for (String name : names(run)) {
            List<String> cells = new ArrayList<>(List.of(name));
            Run.Measurement last = null;
            double worst = 0;
            for (Size size : Size.values()) {
                Run.Measurement row = find(run, name, size);
                if (row == null) {
                    cells.addAll(Collections.nCopies(5, ABSENT));
                    continue;
                }
                String base = Targets.base(row);
                cells.add(number(value(row, Stage.OURS, Run.Result::milliseconds)));
                cells.add(
                        bold(row.ratio(Stage.OURS, base))
                                + (base.equals(run.base()) ? "" : " (plain)"));
                cells.add(number(row.ratio(Stage.OURS, Stage.BUILT_IN)));
                cells.add(row.reading());
                cells.add(
                        count(value(row, Stage.OURS, Run.Result::faults))
                                + ", "
                                + count(value(row, base, Run.Result::faults)));
                for (Double error :
                        Arrays.asList(
                                value(row, Stage.OURS, Run.Result::valueError),
                                value(row, Stage.OURS, Run.Result::gradientError))) {
                    worst = error == null ? worst : Math.max(worst, error);
                }
                last = row;
            }
            if (last != null) {
                cells.add(number(value(last, Stage.OURS, Run.Result::peakMiB)));
                cells.add(number(memory(last, Targets.base(last))));
                cells.add(number(memory(last, Stage.BUILT_IN)));
            }
            cells.add(error(worst));
            cells(cells);
        }
        failures(run);
    }

    /** Tabulates the ratios alone. */
    private void loop(Run run) {
        heading("## In a loop: " + title(run));
        facts(run, "bench");
        line("");
        row("loss, ours / " + run.base(), "S", "M", "L");
        row("---", "---", "---", "---");
        for (String name : names(run)) {
            List<String> cells = new ArrayList<>(List.of(name));
            for (Size size : Size.values()) {
                Run.Measurement row = find(run, name, size);
                cells.add(row == null ? ABSENT : number(row.ratio(Stage.OURS, Targets.base(row))));
            }
            cells(cells);
        }
    }

    private static List<String> names(Run run) {
        return run.measurements().stream().map(Run.Measurement::row).distinct().toList();
    }

    private static Run.@Nullable Measurement find(Run run, String name, Size size) {
        return of(run, size).stream()
                .filter(row -> row.row().equals(name))
                .findFirst()
                .orElse(null);
    }

    private static List<Run.Measurement> of(Run run, Size size) {
        return run.measurements().stream().filter(row -> row.size() == size).toList();
    }

    private void limits(Run run) {
        heading("### " + title(run));
        facts(run, "bench");
        line("");
        cells(List.of("what", "S", "M", "L"));
        cells(List.of("---", "---", "---", "---"));
        Map<String, Map<Size, String>> times = new LinkedHashMap<>();
        for (Run.Measurement limit : run.measurements()) {
            Double time = value(limit, Limits.BASE, Run.Result::milliseconds);
            times.computeIfAbsent(limit.row(), name -> new EnumMap<>(Size.class))
                    .put(limit.size(), String.format(Locale.ROOT, "%.2g", time));
        }
        times.forEach(
                (name, bySize) -> {
                    List<String> cells = new ArrayList<>(List.of(name));
                    for (Size size : Size.values()) {
                        cells.add(bySize.getOrDefault(size, ABSENT));
                    }
                    cells(cells);
                });
    }

    private void facts(Run run, String profiles) {
        run.machine().forEach((name, value) -> line("* " + name + ": " + value));
        line("* command: `mvn -q -P" + profiles + " -Dargs=\"" + run.command() + "\"`");
    }

    static String title(Run run) {
        String loop = run.mode() == Mode.LOOP ? ", loop" : "";
        return run.engine() + ", " + run.device() + ", " + threads(run) + loop;
    }

    private static String threads(Run run) {
        return run.threads() + (run.threads() == 1 ? " thread" : " threads");
    }

    private void introducePeers() {
        heading("## Other libraries for the JVM");
        line("Each library runs alone, in a process of its own, one after the other, and gets the");
        line("same numbers. Times are of forward, backward, reading the loss, and releasing what");
        line("was made. **× library** tells how many times faster ours is. *Errors* are those of");
        line("value and gradient against ours, which are relative as above; FLOAT32 throughout.");
        line("Threads that wait sleep (OMP_WAIT_POLICY=PASSIVE).");
        line("");
        line(
                "* **TensorFlow**: the losses of tensorflow-framework and their gradients, in a"
                        + " graph");
        line("  that Session runs. Class indices have no gradient there: all take probabilities.");
        line("* **ND4J**: ILossFunction, in a workspace. Binary cross-entropy, hinge and");
        line("  divergence are sums over columns, and no gradient is divided by the samples.");
        line("  Compared is what comes out after dividing.");
        line("* **SameDiff**: the graph of ND4J. Its cosine distance is of unit vectors only, and");
        line("  there is no divergence.");
        line(
                "* **KLDivLoss**: of probabilities, and clipped, in the others. In ours, the"
                        + " logarithm");
        line("  and its gradient are part of the time. In TensorFlow a sum over columns.");
        line("* **CosineSimilarityLoss**: 1 − cos; −cos in the others.");
    }

    /** Compares libraries that ran with the same number of threads. */
    private void peers(List<Run> libraries) {
        Run own = libraries.get(0);
        List<Run.Measurement> all =
                libraries.stream().flatMap(library -> library.measurements().stream()).toList();
        List<String> variants =
                all.stream()
                        .flatMap(row -> row.variants().keySet().stream())
                        .filter(variant -> !variant.equals(own.base()))
                        .distinct()
                        .toList();
        heading("### " + threads(own));
        libraries.forEach(library -> line("* library: " + library.engine()));
        facts(own, "bench,peers");
        line("");
        List<String> head = new ArrayList<>(List.of("loss", "shape", own.base() + " ms"));
        for (String variant : variants) {
            head.addAll(List.of(variant + " ms", "**× " + variant + "**", "errors"));
        }
        cells(head);
        cells(head.stream().map(cell -> "---").toList());
        for (Size size : Size.values()) {
            List<Run.Measurement> rows = of(own, size);
            for (Run.Measurement row : rows) {
                Run.Result ours = result(all, row, own.base());
                List<String> cells = new ArrayList<>(List.of(row.row(), row.shape()));
                cells.add(number(value(ours, Run.Result::milliseconds)));
                for (String variant : variants) {
                    Run.Result result = result(all, row, variant);
                    cells.add(number(value(result, Run.Result::milliseconds)));
                    cells.add(bold(factor(result, ours)));
                    cells.add(errors(result, ours));
                }
                cells(cells);
            }
            if (rows.isEmpty()) {
                continue;
            }
            List<String> medians = new ArrayList<>(List.of("median, size " + size, "", ""));
            for (String variant : variants) {
                Stream<@Nullable Double> factors =
                        rows.stream()
                                .map(
                                        row ->
                                                factor(
                                                        result(all, row, variant),
                                                        result(all, row, own.base())));
                medians.addAll(List.of("", bold(median(factors)), ""));
            }
            cells(medians);
        }
        libraries.forEach(this::failures);
    }

    private static Run.@Nullable Result result(
            List<Run.Measurement> all, Run.Measurement like, String variant) {
        return all.stream()
                .filter(row -> row.row().equals(like.row()) && row.size() == like.size())
                .map(row -> row.get(variant))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    private static @Nullable Double factor(Run.@Nullable Result result, Run.@Nullable Result ours) {
        return result == null || ours == null
                ? null
                : Double.valueOf(result.milliseconds() / ours.milliseconds());
    }

    /** Returns the relative errors of the value and the gradient. */
    private static String errors(Run.@Nullable Result result, Run.@Nullable Result ours) {
        if (result == null || ours == null) {
            return ABSENT;
        }
        List<Double> own = result.outcome();
        List<Double> expected = ours.outcome();
        if (own == null || expected == null) {
            return ABSENT;
        }
        double largest = 0;
        double worst = 0;
        for (int i = 1; i < own.size(); i++) {
            largest = Math.max(largest, Math.abs(expected.get(i)));
            worst = Math.max(worst, Math.abs(own.get(i) - expected.get(i)));
        }
        double difference = Math.abs(own.get(0) - expected.get(0)) / Math.abs(expected.get(0));
        return error(difference) + ", " + error(worst / largest);
    }

    private void failures(Run run) {
        List<String> lines = new ArrayList<>();
        for (Run.Measurement row : run.measurements()) {
            for (Map.Entry<String, String> failure : row.failures().entrySet()) {
                String place = row.row() + ", " + row.shape() + ", " + failure.getKey();
                lines.add("* " + place + ": " + failure.getValue());
            }
        }
        if (!lines.isEmpty()) {
            heading("### Not measured");
            lines.forEach(this::line);
        }
    }

    /** Writes charts of a step: a column an engine with one thread, a row a size. */
    void chart(Path file) throws IOException {
        List<Run> steps = runs(Mode.STEP).stream().filter(run -> run.threads() == 1).toList();
        List<CategoryChart> charts = new ArrayList<>();
        for (Size size : Size.values()) {
            for (Run run : steps) {
                if (median(of(run, size).stream().map(row -> row.ratio(Stage.OURS, run.base())))
                        != null) {
                    charts.add(chart(run, size));
                }
            }
        }
        if (!charts.isEmpty()) {
            try (OutputStream stream = Files.newOutputStream(file)) {
                int columns = charts.size() % steps.size() == 0 ? steps.size() : 1;
                BitmapEncoder.saveBitmap(
                        charts, charts.size() / columns, columns, stream, BitmapFormat.PNG);
            }
        }
    }

    private static CategoryChart chart(Run run, Size size) {
        String shape = size == Size.S ? "32×10" : size == Size.M ? "256×1000" : "2048×2048";
        CategoryChart chart =
                new CategoryChartBuilder()
                        .width(1500)
                        .height(520)
                        .title("A step of training at " + shape + ": " + title(run))
                        .yAxisTitle("time of ours / theirs")
                        .build();
        chart.getStyler()
                .setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11))
                .setXAxisLabelRotation(90)
                .setYAxisMin(0.0)
                .setYAxisMax(1.6)
                .setLegendPosition(LegendPosition.OutsideS)
                .setLegendLayout(LegendLayout.Horizontal)
                .setChartBackgroundColor(Color.WHITE);
        List<Run.Measurement> rows =
                of(run, size).stream()
                        .filter(row -> row.ratio(Stage.OURS, run.base()) != null)
                        .sorted(
                                Comparator.comparing(
                                        row ->
                                                Objects.requireNonNull(
                                                        row.ratio(Stage.OURS, run.base()))))
                        .toList();
        List<String> names = rows.stream().map(Run.Measurement::row).toList();
        chart.getStyler().setXAxisMaxLabelCount(Math.max(2, names.size()));
        for (String other : List.of(run.base(), Stage.BUILT_IN)) {
            List<@Nullable Double> ratios = new ArrayList<>();
            rows.forEach(row -> ratios.add(row.ratio(Stage.OURS, other)));
            if (ratios.stream().anyMatch(Objects::nonNull)) {
                chart.addSeries("ours / " + other, names, ratios);
            }
        }
        chart.addSeries("equal", names, names.stream().map(name -> 1.0).toList())
                .setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Line)
                .setMarker(SeriesMarkers.NONE);
        return chart;
    }

    private static @Nullable Double memory(Run.Measurement row, String other) {
        Double own = value(row, Stage.OURS, Run.Result::peakMiB);
        Double its = value(row, other, Run.Result::peakMiB);
        return own == null || its == null ? null : Double.valueOf(own / its);
    }

    private static String count(@Nullable Double value) {
        return value == null ? ABSENT : String.format(Locale.ROOT, "%.0f", value);
    }

    private void row(String... cells) {
        cells(List.of(cells));
    }

    private static @Nullable Double value(
            Run.Measurement row, String variant, Function<Run.Result, @Nullable Double> column) {
        return value(row.get(variant), column);
    }

    private static @Nullable Double value(
            Run.@Nullable Result result, Function<Run.Result, @Nullable Double> column) {
        return result == null ? null : column.apply(result);
    }

    private static @Nullable Double median(Stream<@Nullable Double> values) {
        double[] sorted =
                values.filter(Objects::nonNull).mapToDouble(Double::doubleValue).sorted().toArray();
        if (sorted.length == 0) {
            return null;
        }
        return (sorted[sorted.length / 2] + sorted[(sorted.length - 1) / 2]) / 2;
    }

    private static String number(@Nullable Double value) {
        if (value == null) {
            return ABSENT;
        }
        return String.format(
                Locale.ROOT, value < 0.095 ? "%.3f" : value < 100 ? "%.2f" : "%.0f", value);
    }

    private static String bold(@Nullable Double value) {
        return value == null ? ABSENT : "**" + number(value) + "**";
    }

    private static String error(@Nullable Double value) {
        return value == null
                ? ABSENT
                : value == 0 ? "0" : String.format(Locale.ROOT, "%.0e", value);
    }

    private void cells(List<String> cells) {
        line("| " + String.join(" | ", cells) + " |");
    }

    private void heading(String text) {
        line("");
        line(text);
        line("");
    }

    private void line(String line) {
        text.append(line).append('\n');
    }
}
