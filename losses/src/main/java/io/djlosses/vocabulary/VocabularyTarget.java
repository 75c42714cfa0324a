/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.vocabulary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;

import io.djlosses.api.Divisor;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.kernel.ClassTargets;
import io.djlosses.internal.kernel.CrossEntropy;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

/**
 * The targets of N rows of logits: weights {@code t} over V classes, which need not sum to 1.
 *
 * <pre>{@code
 * ℓ = −Σc t[c] log p[c],   dℓ/dlogits = (Σc t[c]) p − t
 * }</pre>
 */
sealed interface VocabularyTarget {

    /** Returns the targets of some of the rows. */
    VocabularyTarget rows(long from, long to);

    /** Replaces the rows of the input that are ignored by 0. */
    default NDArray shown(NDArray input) {
        return input;
    }

    /** Returns ℓ of every row. */
    Terms terms(NDArray logits);

    /** Returns ℓ of every row, without a graph, if the softmax of the logits is already known. */
    default Terms terms(NDArray logits, NDArray probability) {
        return terms(logits);
    }

    /** Returns dℓ/dlogits of every row, computed in place of the probabilities. */
    NDArray gradient(NDArray probability);

    /** Returns the divisor of the mean. */
    Divisor divisor();

    /**
     * One class per row: {@code t[c] = (1 − ε) w[y] 1[c = y] + (ε / V) w[c]}, 0 where it is
     * ignored.
     *
     * @param targets the classes (N)
     * @param weight w as (1, V), or null for 1
     * @param smoothing ε
     */
    record Classes(ClassTargets targets, @Nullable NDArray weight, double smoothing)
            implements VocabularyTarget {

        @Override
        public VocabularyTarget rows(long from, long to) {
            return new Classes(targets.rows(from, to), weight, smoothing);
        }

        @Override
        public NDArray shown(NDArray input) {
            return targets.shown(input, 1);
        }

        @Override
        public Terms terms(NDArray logits) {
            return CrossEntropy.ofIndices(targets, logits, weight, smoothing);
        }

        @Override
        public Terms terms(NDArray logits, NDArray probability) {
            return smoothing == 0
                    ? targets.weigh(Nd.logSoftmax(logits, probability, targets.index()).neg())
                    : terms(logits);
        }

        @Override
        public NDArray gradient(NDArray probability) {
            NDArray t = Nd.oneHot(targets.index(), probability.getShape().get(1), probability);
            NDArray total = targets.weights();
            if (total != null) {
                t.muli(total.expandDims(1));
            }
            if (smoothing > 0) {
                NDArray one = targets.index().onesLike();
                NDArray kept = targets.keep(Nd.cast(one, t)).expandDims(1);
                t.muli(Nd.num(t, 1 - smoothing));
                t.addi(CrossEntropy.weighted(kept.mul(Nd.num(t, share(t, smoothing))), weight));
                total = weight == null ? total : Nd.sum(t, 1);
            }
            if (total != null) {
                probability.muli(total.expandDims(1));
            }
            try (t) {
                return probability.subi(t);
            }
        }

        @Override
        public Divisor divisor() {
            return targets.divisor();
        }
    }

    /**
     * A probability for each class: {@code t[c] = w[c] ((1 − ε) y[c] + ε / V)}.
     *
     * @param label y as (N, V)
     * @param weight w as (1, V), or null for 1
     * @param smoothing ε
     */
    record Probabilities(NDArray label, @Nullable NDArray weight, double smoothing)
            implements VocabularyTarget {

        @Override
        public VocabularyTarget rows(long from, long to) {
            NDArray some = label.get(new NDIndex().addSliceDim(from, to));
            return new Probabilities(some, weight, smoothing);
        }

        @Override
        public Terms terms(NDArray logits) {
            return Terms.of(CrossEntropy.of(distribution(), logits));
        }

        @Override
        public NDArray gradient(NDArray probability) {
            NDArray t = distribution();
            return probability.muli(Sums.sumOfConstant(t, 1)).subi(t);
        }

        private NDArray distribution() {
            return CrossEntropy.distribution(label, weight, smoothing);
        }

        @Override
        public Divisor divisor() {
            return Divisor.of(label.getShape().get(0));
        }
    }

    private static double share(NDArray array, double smoothing) {
        return smoothing / array.getShape().get(1);
    }
}
