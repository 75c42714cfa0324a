/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.vocabulary;

import java.util.random.RandomGenerator;

/**
 * A distribution over the classes, from which {@link SampledSoftmaxLoss} draws a sample of classes.
 * The closer it is to the distribution of the targets, the fewer samples are needed.
 */
public interface CandidateSampler {

    /** The uniform distribution: {@code P(k) = 1/C}. It is the default, as in MindSpore. */
    CandidateSampler UNIFORM =
            new CandidateSampler() {
                @Override
                public long sample(RandomGenerator random, long classes) {
                    return random.nextLong(classes);
                }

                @Override
                public double probability(long id, long classes) {
                    return 1.0 / classes;
                }
            };

    /**
     * Zipf's law: {@code P(k) = ln((k + 2)/(k + 1)) / ln(C + 1)}. It is the default of TensorFlow,
     * for classes that are numbered by decreasing frequency, like the words of most vocabularies.
     */
    CandidateSampler LOG_UNIFORM =
            new CandidateSampler() {
                @Override
                public long sample(RandomGenerator random, long classes) {
                    double range = Math.log1p(classes);
                    return (long) Math.expm1(random.nextDouble() * range) % classes;
                }

                @Override
                public double probability(long id, long classes) {
                    return Math.log1p(1 / (id + 1.0)) / Math.log1p(classes);
                }
            };

    /**
     * Draws a class.
     *
     * @param random the source of randomness
     * @param classes the number of classes C
     * @return a class in [0, C)
     */
    long sample(RandomGenerator random, long classes);

    /**
     * Returns the probability of a class.
     *
     * @param id the class
     * @param classes the number of classes C
     * @return a number in (0, 1]
     */
    double probability(long id, long classes);
}
