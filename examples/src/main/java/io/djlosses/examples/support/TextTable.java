/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A table in plain text: the first column to the left, the others to the right. */
public final class TextTable {

    private final List<List<String>> rows = new ArrayList<>();

    /**
     * Makes a table.
     *
     * @param headers the names of the columns
     */
    public TextTable(String... headers) {
        rows.add(List.of(headers));
        rows.add(Collections.nCopies(headers.length, ""));
    }

    /**
     * Adds a row.
     *
     * @param cells one text a column
     */
    public void add(String... cells) {
        rows.add(List.of(cells));
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        int columns = rows.get(0).size();
        int[] widths =
                IntStream.range(0, columns)
                        .map(
                                c ->
                                        rows.stream()
                                                .mapToInt(row -> row.get(c).length())
                                                .max()
                                                .orElse(0))
                        .toArray();
        return IntStream.range(0, rows.size())
                .mapToObj(r -> line(rows.get(r), widths, r == 1 ? "-" : " "))
                .collect(Collectors.joining(System.lineSeparator()));
    }

    private static String line(List<String> cells, int[] widths, String fill) {
        StringBuilder line = new StringBuilder();
        for (int c = 0; c < widths.length; c++) {
            String gap = fill.repeat(widths[c] - cells.get(c).length());
            line.append(c == 0 ? cells.get(c) + gap : "  " + gap + cells.get(c));
        }
        return line.toString().stripTrailing();
    }
}
