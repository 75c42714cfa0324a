/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.fail;

import ai.djl.training.loss.Loss;

import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Counts the golden rows that each property really compared, for each loss. None at all is a fault,
 * unless the declaration of the loss has a trait that explains it.
 */
final class Tally {

    private static final Path FILE = Path.of("target", "properties.txt");

    /** Rows by property and loss; a property is a test method behind the name of its class. */
    private static final Map<String, Map<String, Integer>> ROWS = new TreeMap<>();

    private Tally() {}

    /** Says what is wrong with a loss on the inputs of a row, or that it has nothing to compare. */
    interface Property {
        Verdict of(GoldenRow row);
    }

    /**
     * Holds that a loss has a property.
     *
     * @param property the name of the property
     * @param type the loss
     * @param rows the rows to try
     * @param test the property
     * @param exempt what explains that no row has anything to compare
     */
    static void check(
            String property,
            Class<? extends Loss> type,
            List<GoldenRow> rows,
            Property test,
            Trait... exempt) {
        List<String> faults = new ArrayList<>();
        Map<String, Integer> skipped = new TreeMap<>();
        int compared = 0;
        for (GoldenRow row : rows) {
            Verdict verdict;
            try {
                verdict = test.of(row);
            } catch (RuntimeException e) {
                throw new AssertionError(row + ": " + e, e);
            }
            if (verdict.skipped() != null) {
                skipped.merge(verdict.skipped(), 1, Integer::sum);
            } else {
                compared++;
            }
            if (verdict.fault() != null) {
                faults.add(row + ": " + verdict.fault());
            }
        }
        assertEquals(String.join("\n", faults), "");
        count(property, type, compared, "of " + rows.size() + " rows, skipped " + skipped, exempt);
    }

    /** Counts rows that a property compared, and fails if there are none without a reason. */
    static void count(
            String property,
            Class<? extends Loss> type,
            int compared,
            String what,
            Trait... exempt) {
        Declaration declaration = Declarations.of(type);
        synchronized (ROWS) {
            ROWS.computeIfAbsent(property, name -> new TreeMap<>())
                    .merge(declaration.name(), compared, Integer::sum);
        }
        if (compared == 0 && Stream.of(exempt).noneMatch(declaration::has)) {
            fail(
                    property
                            + " compared no row of "
                            + declaration
                            + " ("
                            + what
                            + "), and its declaration has none of the traits "
                            + List.of(exempt));
        }
    }

    /** Writes how many rows there were, and prints a line on what begins with a name. */
    static void report(Class<?> test) throws IOException {
        StringBuilder table = new StringBuilder();
        synchronized (ROWS) {
            Collection<String> losses =
                    ROWS.values().stream()
                            .flatMap(counts -> counts.keySet().stream())
                            .collect(Collectors.toCollection(TreeSet::new));
            ROWS.forEach(
                    (property, counts) -> {
                        table.append(property).append('\n');
                        for (String loss : losses) {
                            Integer count = counts.get(loss);
                            table.append(
                                    String.format(
                                            "    %-36s %s%n",
                                            loss, count == null ? "not tried" : "" + count));
                        }
                    });
            Files.createDirectories(FILE.toAbsolutePath().getParent());
            Files.writeString(FILE, table);
            List<Integer> counts =
                    ROWS.entrySet().stream()
                            .filter(entry -> entry.getKey().startsWith(test.getSimpleName() + "."))
                            .flatMap(entry -> entry.getValue().values().stream())
                            .toList();
            System.out.printf(
                    "%s: %d rows compared in %d pairs of property and loss, %d pairs without any:"
                            + " %s%n",
                    test.getSimpleName(),
                    counts.stream().mapToInt(Integer::intValue).sum(),
                    counts.size(),
                    counts.stream().filter(count -> count == 0).count(),
                    FILE);
        }
    }
}
