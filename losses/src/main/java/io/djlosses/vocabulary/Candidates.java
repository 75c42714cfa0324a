/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.vocabulary;

import io.djlosses.api.Checks;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** The source of the sampled classes of a {@link SampledSoftmaxLoss}. */
sealed interface Candidates {

    /** Checks that the candidates fit the shapes of a batch. */
    default void check(String loss, long rows, long classes) {}

    /**
     * Draws classes, and returns them with the expected numbers of draws of these and of the
     * targets.
     */
    Drawn draw(long[] targets, long classes);

    /** Classes, and the expected numbers of draws of the targets and of the classes. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Drawn(long[] ids, double[] trueCount, double[] sampledCount) {}

    /** Classes that the user has given. */
    record Given(Drawn drawn, int numTrue) implements Candidates {

        Given checked(String loss, int numSampled) {
            int ids = drawn.ids.length;
            int counts = drawn.sampledCount.length;
            String requirement = "hold numSampled = " + numSampled + " ids and expected counts";
            boolean valid = ids == numSampled && counts == numSampled;
            Checks.require(valid, loss, "sampledValues", requirement, ids + " and " + counts);
            Stream.of(drawn.trueCount, drawn.sampledCount)
                    .flatMapToDouble(Arrays::stream)
                    .forEach(x -> Checks.positive(loss, "an expected count of sampledValues", x));
            return this;
        }

        @Override
        public void check(String loss, long rows, long classes) {
            int given = drawn.trueCount.length;
            String each =
                    "hold an expected count for each of the " + rows * numTrue + " true classes";
            Checks.require(given == rows * numTrue, loss, "sampledValues", each, given);
            String range = "hold class indices in [0, " + classes + ")";
            for (long id : drawn.ids) {
                Checks.require(id >= 0 && id < classes, loss, "sampledValues", range, id);
            }
        }

        @Override
        public Drawn draw(long[] targets, long classes) {
            return drawn;
        }
    }

    /** Classes drawn at random; the only state is the generator, which is also the lock. */
    final class Random implements Candidates {

        private final CandidateSampler sampler;
        private final int numSampled;
        private final boolean unique;
        private final SplittableRandom generator;

        Random(CandidateSampler sampler, int numSampled, boolean unique, long seed) {
            this.sampler = sampler;
            this.numSampled = numSampled;
            this.unique = unique;
            generator = seed == 0 ? new SplittableRandom() : new SplittableRandom(seed);
        }

        @Override
        public Drawn draw(long[] targets, long classes) {
            SplittableRandom random;
            synchronized (generator) {
                random = generator.split();
            }
            long[] ids = new long[numSampled];
            long tries = numSampled;
            if (unique) {
                Set<Long> distinct = new LinkedHashSet<>();
                for (tries = 0; distinct.size() < numSampled; tries++) {
                    distinct.add(sampler.sample(random, classes));
                }
                ids = distinct.stream().mapToLong(Long::longValue).toArray();
            } else {
                Arrays.setAll(ids, i -> sampler.sample(random, classes));
            }
            return new Drawn(ids, expected(targets, tries, classes), expected(ids, tries, classes));
        }

        /** Returns the expected number of draws of each class in a number of tries. */
        private double[] expected(long[] ids, long tries, long classes) {
            double[] counts = new double[ids.length];
            for (int i = 0; i < ids.length; i++) {
                double p = sampler.probability(ids[i], classes);
                counts[i] = tries == numSampled ? p * tries : -Math.expm1(tries * Math.log1p(-p));
            }
            return counts;
        }
    }
}
