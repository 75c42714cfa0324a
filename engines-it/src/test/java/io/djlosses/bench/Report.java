/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendPosition;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** The tables and the chart of some runs. */
final class Report {

    private static final String ABSENT = "—";

    private final List<Run> runs;
    private final List<Run> limits;
    private final List<List<Run>> peers;
    private final StringBuilder text = new StringBuilder();

    Report(List<Run> all) {
        limits = all.stream().filter(run -> Limits.BASE.equals(run.base())).toList();
        runs =
                all.stream()
                        .filter(run -> !Peers.OURS.equals(run.base()) && !limits.contains(run))
                        .toList();
        // By their number of threads, ours first.
        peers =
                all.stream()
                        .filter(run -> Peers.OURS.equals(run.base()))
                        .sorted(Comparator.comparing(Run::engine))
                        .collect(
                                Collectors.collectingAndThen(
                                        Collectors.groupingBy(
                                                Run::threads, TreeMap::new, Collectors.toList()),
                                        groups -> List.copyOf(groups.values())));
    }

    /** Returns the tables. */
    String markdown() {
        line("# Benchmark");
        line("");
        line("Written by the command itself; do not edit.");
        line("");
        line("**Ratios below 1 mean that DJLosses is faster.** Times are of one step of training:");
        line("forward, backward, and closing what is left; *forward* is of the value alone, as in");
        line(
                "validation. Variants take turns in one JVM, on fresh leaves; a ratio is the median"
                        + " of");
        line(
                "the ratios within a turn. Errors are relative, against the variant that ratios are"
                        + " to.");
        line("");
        line("* **native**: PyTorch's own kernels, called by a script.");
        line("* **operator**: MXNet's own operator for the loss.");
        line(
                "* **plain**: the composition of NDArray operations that one would write; for a"
                        + " loss that");
        line("  nobody wrote one for, its own formula.");
        line("* **formula**: the reading of a loss that the engine differentiates.");
        line("* **built-in**: DJL's own loss; the column tells how many times faster ours is.");
        line("* **strict**: the cost of strict validation, which reads all data.");
        line("* **fraction**: numerator and denominator apart, against the result.");
        line("* **accumulator**: adding to an accumulator, against the value alone.");
        line("* **memory**: the peak of native memory over the resident input.");
        for (Run run : runs) {
            run(run);
        }
        if (!limits.isEmpty()) {
            line("");
            line("## What losses are made of");
            line("");
            line("Milliseconds of a call (S: 32×10) and of a pass over an array (M: 256×1000, L:");
            line("2048×2048), which no loss does without. *Exact* is what ours use where the");
            line("engine's own is not exact in FLOAT32. A *gradient of one's own* is what gives a");
            line("value in closed form its gradient.");
            limits.forEach(this::limits);
        }
        if (!peers.isEmpty()) {
            introducePeers();
            peers.forEach(this::peers);
        }
        return text.toString();
    }

    private void run(Run run) {
        line("");
        line("## " + title(run));
        line("");
        facts(run, "bench");
        line("");
        summary(run);
        for (Size size : Size.values()) {
            List<Run.Measurement> rows = with(run, size);
            if (!rows.isEmpty()) {
                line("");
                line("### Size " + size);
                line("");
                table(run, rows, run.base());
            }
            List<Run.Measurement> others = without(run, size);
            if (!others.isEmpty()) {
                line("");
                line("### Size " + size + ", what has no kernel in the engine");
                line("");
                table(run, others, Stage.PLAIN);
            }
        }
        exceeding(run);
        failures(run);
    }

    private void limits(Run run) {
        line("");
        line("### " + title(run));
        line("");
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

    private static String title(Run run) {
        return run.engine() + ", " + run.device() + ", " + threads(run);
    }

    private static String threads(Run run) {
        return run.threads() + (run.threads() == 1 ? " thread" : " threads");
    }

    private static List<Run.Measurement> of(Run run, Size size) {
        return run.measurements().stream().filter(row -> row.size() == size).toList();
    }

    /** Returns the rows whose ratios are to the base of the run. */
    private static List<Run.Measurement> with(Run run, Size size) {
        return of(run, size).stream().filter(row -> base(run, row).equals(run.base())).toList();
    }

    /** Returns the rows whose ratios are to another base. */
    private static List<Run.Measurement> without(Run run, Size size) {
        return of(run, size).stream().filter(row -> !base(run, row).equals(run.base())).toList();
    }

    private static String base(Run run, Run.Measurement row) {
        return row.get(run.base()) == null && row.get(Stage.PLAIN) != null
                ? Stage.PLAIN
                : run.base();
    }

    private void summary(Run run) {
        line(
                "| median over the rows | "
                        + Stream.of(Size.values())
                                .map(Size::name)
                                .reduce((a, b) -> a + " | " + b)
                                .orElse("")
                        + " |");
        line("|---|---|---|---|");
        medians(run, "ours / " + run.base(), Run.Result::ratio, Stage.OURS);
        medians(run, "formula / " + run.base(), Run.Result::ratio, Stage.FORMULA);
        medians(run, "built-in / ours", Run.Result::ratioToOurs, Stage.BUILT_IN);
        medians(run, "ours / " + run.base() + ", forward", Run.Result::forwardRatio, Stage.OURS);
        medians(run, "strict / ours", Run.Result::ratioToOurs, Stage.STRICT);
        medians(run, "fraction / evaluate", Run.Result::ratioToOurs, Stage.FRACTION);
        medians(run, "accumulator / value", Run.Result::ratioToOurs, Stage.ACCUMULATOR);
        StringBuilder memory = new StringBuilder("| ours / " + run.base() + ", memory |");
        for (Size size : Size.values()) {
            memory.append(' ')
                    .append(number(median(with(run, size).stream().map(row -> memory(run, row)))))
                    .append(" |");
        }
        line(memory.toString());
    }

    private void medians(
            Run run, String name, Function<Run.Result, @Nullable Double> column, String variant) {
        StringBuilder row = new StringBuilder("| " + name + " |");
        for (Size size : Size.values()) {
            row.append(' ')
                    .append(
                            number(
                                    median(
                                            with(run, size).stream()
                                                    .map(in -> value(in, variant, column)))))
                    .append(" |");
        }
        line(row.toString());
    }

    private void table(Run run, List<Run.Measurement> rows, String base) {
        boolean operator = rows.stream().anyMatch(row -> row.get(Stage.OPERATOR) != null);
        boolean memory = rows.stream().anyMatch(row -> memory(run, row) != null);
        List<String> head = new ArrayList<>();
        head.add("loss");
        head.add("shape");
        head.add(base + " ms");
        head.add("ours ms");
        head.add("**ours / " + base + "**");
        if (operator) {
            head.add("ours / operator");
        }
        head.add("formula / " + base);
        head.add("× built-in");
        head.add("forward");
        head.add("value error");
        head.add("gradient error");
        head.add("strict / ours");
        head.add("fraction / evaluate");
        head.add("accumulator / value");
        if (memory) {
            head.add(base + " MiB");
            head.add("ours MiB");
            head.add("memory");
        }
        cells(head);
        cells(head.stream().map(cell -> "---").toList());
        for (Run.Measurement row : rows) {
            List<String> cells = new ArrayList<>();
            cells.add(row.row());
            cells.add(row.shape());
            cells.add(number(value(row, base, Run.Result::milliseconds)));
            cells.add(number(value(row, Stage.OURS, Run.Result::milliseconds)));
            cells.add("**" + number(value(row, Stage.OURS, Run.Result::ratio)) + "**");
            if (operator) {
                cells.add(number(inverse(value(row, Stage.OPERATOR, Run.Result::ratioToOurs))));
            }
            cells.add(number(value(row, Stage.FORMULA, Run.Result::ratio)));
            cells.add(number(value(row, Stage.BUILT_IN, Run.Result::ratioToOurs)));
            cells.add(number(value(row, Stage.OURS, Run.Result::forwardRatio)));
            cells.add(error(value(row, Stage.OURS, Run.Result::valueError)));
            cells.add(error(value(row, Stage.OURS, Run.Result::gradientError)));
            cells.add(number(value(row, Stage.STRICT, Run.Result::ratioToOurs)));
            cells.add(number(value(row, Stage.FRACTION, Run.Result::ratioToOurs)));
            cells.add(number(value(row, Stage.ACCUMULATOR, Run.Result::ratioToOurs)));
            if (memory) {
                cells.add(number(value(row, base, Run.Result::peakMiB)));
                cells.add(number(value(row, Stage.OURS, Run.Result::peakMiB)));
                cells.add(number(memory(run, row)));
            }
            cells(cells);
        }
    }

    private void introducePeers() {
        line("");
        line("## Other libraries for the JVM");
        line("");
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
        line("");
        line("### " + threads(own));
        line("");
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

    /** Lists what is over its target. */
    private void exceeding(Run run) {
        boolean torch = Stage.NATIVE.equals(run.base());
        line("");
        line("### Over the target");
        line("");
        List<List<String>> found = new ArrayList<>();
        for (Run.Measurement row : run.measurements()) {
            double target = Targets.ratio(row, torch);
            over(
                    found,
                    row,
                    "ours / " + base(run, row),
                    value(row, Stage.OURS, Run.Result::ratio),
                    target);
            over(
                    found,
                    row,
                    "ours / operator",
                    inverse(value(row, Stage.OPERATOR, Run.Result::ratioToOurs)),
                    target);
            over(
                    found,
                    row,
                    "ours / built-in",
                    inverse(value(row, Stage.BUILT_IN, Run.Result::ratioToOurs)),
                    1);
            over(
                    found,
                    row,
                    "forward",
                    value(row, Stage.OURS, Run.Result::forwardRatio),
                    Targets.forward());
            over(found, row, "memory", memory(run, row), Targets.memory(row, torch));
        }
        for (Size size : Size.values()) {
            Double median =
                    median(
                            with(run, size).stream()
                                    .map(row -> value(row, Stage.OURS, Run.Result::ratio)));
            double target = Targets.median(size, torch);
            if (median != null && median > target) {
                found.add(
                        List.of(
                                "median",
                                size.name(),
                                "ours / " + run.base(),
                                number(median),
                                number(target)));
            }
        }
        if (found.isEmpty()) {
            line("Nothing.");
            return;
        }
        cells(List.of("loss", "size", "ratio", "measured", "target"));
        cells(List.of("---", "---", "---", "---", "---"));
        found.forEach(this::cells);
    }

    private static void over(
            List<List<String>> found,
            Run.Measurement row,
            String what,
            @Nullable Double value,
            double target) {
        if (value != null && value > target) {
            found.add(List.of(row.row(), row.size().name(), what, number(value), number(target)));
        }
    }

    private void failures(Run run) {
        List<String> lines = new ArrayList<>();
        for (Run.Measurement row : run.measurements()) {
            for (Map.Entry<String, String> failure : row.failures().entrySet()) {
                String place = row.row() + ", " + row.size() + ", " + failure.getKey();
                lines.add("* " + place + ": " + failure.getValue());
            }
        }
        if (!lines.isEmpty()) {
            line("");
            line("### Not measured");
            line("");
            lines.forEach(this::line);
        }
    }

    /** Writes a chart of the ratios of the larger sizes. */
    void chart(Path file) throws IOException {
        if (runs.isEmpty()) {
            return;
        }
        Run run = runs.get(0);
        List<Run.Measurement> rows =
                run.measurements().stream()
                        .filter(row -> value(row, Stage.OURS, Run.Result::ratio) != null)
                        .filter(row -> base(run, row).equals(run.base()))
                        .toList();
        List<String> names = rows.stream().map(Run.Measurement::row).distinct().toList();
        if (names.isEmpty()) {
            return;
        }
        CategoryChart chart =
                new CategoryChartBuilder()
                        .width(1600)
                        .height(700)
                        .title(
                                "Time of forward + backward, ours / "
                                        + run.base()
                                        + " ("
                                        + title(run)
                                        + ")")
                        .yAxisTitle("ratio, below 1 is faster")
                        .build();
        chart.getStyler()
                .setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11))
                .setXAxisMaxLabelCount(Math.max(2, names.size()))
                .setXAxisLabelRotation(90)
                .setLegendPosition(LegendPosition.InsideNE)
                .setChartBackgroundColor(Color.WHITE);
        for (Size size : Size.values()) {
            List<@Nullable Double> ratios = new ArrayList<>();
            for (String name : names) {
                ratios.add(
                        rows.stream()
                                .filter(row -> row.size() == size && row.row().equals(name))
                                .map(row -> value(row, Stage.OURS, Run.Result::ratio))
                                .findFirst()
                                .orElse(null));
            }
            if (ratios.stream().anyMatch(Objects::nonNull)) {
                chart.addSeries("size " + size, names, ratios);
            }
        }
        chart.addSeries(run.base(), names, names.stream().map(name -> 1.0).toList())
                .setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Line);
        try (OutputStream stream = Files.newOutputStream(file)) {
            BitmapEncoder.saveBitmap(List.of(chart), 1, 1, stream, BitmapFormat.PNG);
        }
    }

    private static @Nullable Double memory(Run run, Run.Measurement row) {
        Double own = value(row, Stage.OURS, Run.Result::peakMiB);
        Double base = value(row, base(run, row), Run.Result::peakMiB);
        return own == null || base == null ? null : Double.valueOf(own / base);
    }

    private static @Nullable Double value(
            Run.Measurement row, String variant, Function<Run.Result, @Nullable Double> column) {
        return value(row.get(variant), column);
    }

    private static @Nullable Double value(
            Run.@Nullable Result result, Function<Run.Result, @Nullable Double> column) {
        return result == null ? null : column.apply(result);
    }

    private static @Nullable Double inverse(@Nullable Double value) {
        return value == null ? null : Double.valueOf(1 / value);
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

    private void line(String line) {
        text.append(line).append('\n');
    }
}
