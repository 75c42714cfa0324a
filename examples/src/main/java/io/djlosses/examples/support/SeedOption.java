/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import picocli.CommandLine.Option;

import java.util.Random;

/** The option {@code --seed}: equal seeds give equal runs, and equal data on every engine. */
public final class SeedOption {

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "42",
            description = "Draws data, first weights and order of the samples.")
    private long seed;

    /**
     * Returns a stream of random numbers. Two streams of one seed are independent.
     *
     * @param stream the number of the stream
     * @return the stream
     */
    public Random random(int stream) {
        return new Random(seed * 1_000_003 + stream);
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return Long.toString(seed);
    }
}
