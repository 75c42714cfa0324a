/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.api.Choice;
import io.djlosses.examples.catalog.Extent;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Every reading of a loss at many sizes, by which the thresholds between readings are set. */
final class Sweep {

    /** Doubling the number of elements each time; at last one of short rows. */
    private static final long[][] PLANES = {
        {32, 10},
        {64, 16},
        {64, 32},
        {64, 64},
        {128, 64},
        {128, 128},
        {256, 128},
        {256, 256},
        {512, 256},
        {256, 1000},
        {512, 1000},
        {512, 2000},
        {2048, 1024},
        {2048, 2048},
        {65536, 10}
    };

    private static final long[][] PAIRS = {
        {32, 10}, {64, 16}, {64, 64}, {128, 64}, {128, 256}, {256, 256}, {512, 256}, {1024, 256}
    };

    private static final long[][] VOCABULARIES = {
        {32, 16, 500}, {64, 32, 1000}, {128, 64, 2000}, {256, 128, 4000}, {512, 256, 8000}
    };

    private static final List<String> READINGS =
            Stream.of(Choice.values())
                    .filter(choice -> choice != Choice.AUTO)
                    .map(Stage::name)
                    .toList();

    private Sweep() {}

    /** Returns the sizes of an extent, none for one that is not swept. */
    static List<long[]> sizes(Extent extent) {
        return switch (extent) {
            case ELEMENTS, CLASSES -> List.of(PLANES);
            case PAIRS -> List.of(PAIRS);
            case VOCABULARIES -> List.of(VOCABULARIES);
            default -> List.of();
        };
    }

    /** Returns whether there is something to choose. */
    static boolean hasChoice(Run.Measurement measurement) {
        return READINGS.stream().filter(measurement.variants()::containsKey).count() > 1;
    }

    /** Returns one line on a measurement. */
    static String line(Run.Measurement measurement) {
        return "| " + String.join(" | ", cells(measurement)) + " |";
    }

    private static List<String> cells(Run.Measurement measurement) {
        List<String> cells = new ArrayList<>(List.of(measurement.row(), measurement.shape()));
        String best = null;
        for (String reading : READINGS) {
            cells.add(time(measurement.get(reading)));
            Double ratio = best == null ? Double.valueOf(0) : measurement.ratio(reading, best);
            if (measurement.get(reading) != null && ratio != null && ratio < 1) {
                best = reading;
            }
        }
        Run.Result ours = measurement.get(Stage.OURS);
        cells.add(time(measurement.get(Stage.NATIVE)));
        cells.add(time(measurement.get(Stage.PLAIN)));
        cells.add(time(measurement.get(Stage.BUILT_IN)));
        cells.add(time(ours));
        cells.add(measurement.reading());
        Double lost = best == null ? null : measurement.ratio(Stage.OURS, best);
        cells.add(best + (lost == null ? "" : String.format(Locale.ROOT, " %.2f", lost)));
        return cells;
    }

    private static String time(Run.@Nullable Result result) {
        return result == null
                ? "—"
                : String.format(
                        Locale.ROOT, "%.3g ms, %.0f", result.milliseconds(), result.faults());
    }

    /** Returns the tables. */
    static String markdown(List<Run> runs) {
        StringBuilder text = new StringBuilder("# Readings by size\n\n");
        text.append("Milliseconds of a step, and its page faults.\n");
        for (Run run : runs) {
            text.append("\n## ").append(Report.title(run)).append("\n\n");
            List<String> head = new ArrayList<>(List.of("loss", "size"));
            head.addAll(READINGS);
            head.addAll(List.of("native", "plain", "built-in", "ours", "taken", "best: ours /"));
            Map<String, Boolean> chosen = new LinkedHashMap<>();
            run.measurements()
                    .forEach(row -> chosen.merge(row.row(), hasChoice(row), (a, b) -> a || b));
            text.append("| ").append(String.join(" | ", head)).append(" |\n");
            text.append("|---".repeat(head.size())).append("|\n");
            run.measurements().stream()
                    .filter(row -> Boolean.TRUE.equals(chosen.get(row.row())))
                    .forEach(row -> text.append(line(row)).append('\n'));
        }
        return text.toString();
    }
}
