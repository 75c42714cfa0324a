/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.examples.catalog.Size;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.function.IntToDoubleFunction;

/**
 * A library for the JVM, in a process of its own.
 *
 * <p>All but ours are in the folder of the profile {@code peers}, and have a constructor that takes
 * the number of threads.
 */
interface Peer {

    /** Returns the name and the version. */
    String version();

    /** Returns name and version of a library as its jar tells them. */
    static String version(String group, String artifact) {
        Properties properties = new Properties();
        String file = "/META-INF/maven/" + group + "/" + artifact + "/pom.properties";
        try (InputStream stream = Peer.class.getResourceAsStream(file)) {
            properties.load(Objects.requireNonNull(stream, file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return artifact + " " + properties.getProperty("version");
    }

    /**
     * Returns the ways in which the library computes a loss, by name; none if it lacks the loss.
     */
    Map<String, Step> steps(Row row, Size size, Input input);

    /**
     * The input of a loss, the same in every process.
     *
     * @param rows the samples
     * @param columns their width
     * @param labels the labels, row by row
     * @param predictions the predictions, row by row
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Input(int rows, int columns, float[] labels, float[] predictions) {}

    /** Forward, backward, and reading the loss. */
    interface Step extends AutoCloseable {

        /** Prepares what a run uses up, which is not timed. */
        default void prepare() {}

        /** Returns the value, and after it the gradient at some places. */
        double[] run(int... places);

        @Override
        default void close() {}
    }

    /**
     * Turns the numbers of a library into ours, where it defines the same loss up to factors.
     *
     * @param value the factor of the value
     * @param offset what is then added to it
     * @param gradient the factor of the gradient
     */
    record Scale(double value, double offset, double gradient) {

        static final Scale NONE = new Scale(1, 0, 1);

        double[] outcome(double itsValue, IntToDoubleFunction itsGradient, int... places) {
            double[] outcome = new double[1 + places.length];
            outcome[0] = itsValue * value + offset;
            for (int i = 0; i < places.length; i++) {
                outcome[1 + i] = itsGradient.applyAsDouble(places[i]) * gradient;
            }
            return outcome;
        }
    }
}
