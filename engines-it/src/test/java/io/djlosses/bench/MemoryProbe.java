/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDManager;

import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Measures the peak of native memory of one variant, in the process that it is called in, which
 * should do nothing else and have a heap that does not grow.
 */
final class MemoryProbe {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path RESET = Path.of("/proc/self/clear_refs");

    private MemoryProbe() {}

    /** Returns the MiB over the resident input, or null where this cannot be known. */
    static @Nullable Double peak(Stage stage, Row row, int index, Size size, String variant)
            throws IOException {
        if (!Files.exists(STATUS)) {
            return null;
        }
        // Loads what is loaded once, for small arrays and for large ones.
        run(stage, row, index, Size.S, variant);
        run(stage, row, index, Size.M, variant);
        return run(stage, row, index, size, variant);
    }

    private static @Nullable Double run(Stage stage, Row row, int index, Size size, String variant)
            throws IOException {
        long[] dims = row.dims(size);
        Case input = row.input(new Data(stage.manager()), dims);
        Formula formula = stage.variants(index, input, dims).get(variant);
        if (formula == null) {
            return null;
        }
        try (NDManager manager = stage.manager().newSubManager()) {
            Case leaves = input.fresh(manager, true);
            stage.finish(leaves.x());
            System.gc();
            double[] before = new double[1];
            Clock atLoss =
                    new Clock() {
                        @Override
                        void resume() {
                            before[0] = reset();
                        }
                    };
            stage.run(formula, leaves, manager, row.hasLayer(), atLoss);
            return mebibytes("VmHWM") - before[0];
        } catch (UncheckedIOException e) {
            return null;
        }
    }

    /** Lets the peak begin anew, and returns what memory is in use now. */
    private static double reset() {
        try {
            Files.writeString(RESET, "5");
            return mebibytes("VmRSS");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double mebibytes(String key) throws IOException {
        for (String line : Files.readAllLines(STATUS)) {
            if (line.startsWith(key + ":")) {
                return Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024;
            }
        }
        throw new IOException(STATUS + " lacks " + key);
    }
}
