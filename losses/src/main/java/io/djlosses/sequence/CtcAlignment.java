/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.sequence;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * The sum over all alignments of a target with the steps of an input, by the forward-backward
 * algorithm of Graves et al. 2006; equation numbers are theirs.
 *
 * <p>An alignment runs through the states {@code l' = blank, l₁, blank, l₂, …, lₛ, blank}, one per
 * step. From a state it stays, advances by one, or jumps by two to skip a blank between two
 * different labels. Only states that are reachable from the start, and from which the end is
 * reachable, are visited.
 *
 * <p>The recursion multiplies probabilities in double precision and rescales them at every step. If
 * that could lose a digit, it is repeated with logarithms, which is as exact and several times
 * slower.
 *
 * <p>An object processes the scores of a batch sample by sample, in arrays that it reuses; use it
 * in one thread only.
 */
final class CtcAlignment {

    /**
     * The padding before the first state in an array of states, so that a jump by two stays inside.
     */
    private static final int PAD = 2;

    /**
     * The largest fall of the likelihood, in nats, after a first underflow.
     *
     * <p>Emissions are normalized and the classes that may follow a state differ, so no state has a
     * backward probability above 1, and an underflow at step t loses at most 2⁻¹⁰²² of the
     * likelihood of the steps before. If the steps from t on multiply that likelihood by e⁻⁶⁴⁰ or
     * more, that is less than 10⁻²⁹ of the result for each state and step.
     */
    private static final double MAX_FALL = 640;

    /** The smallest probability that keeps all its digits with every normalizing factor. */
    private static final double LEAST = 1e-290;

    private final Supplier<double[]> scores;
    private final double @Nullable [] softmax;
    private final int classes;
    private final int blank;
    private final double @Nullable [] gradient;

    // The rows of the current sample: step t begins at offset + t · stride.
    private int offset;
    private int stride;
    private int steps;

    // Its states: the class of each as an index into `used`, and 1 if it may be jumped to.
    private int states;
    private int[] symbol = {};
    private double[] jump = {};
    private int[] used = {};
    private int usedCount;
    private final int[] place;

    // The states first[t] to last[t] lie on an alignment at step t.
    private int[] first = {};
    private int[] last = {};

    // Emissions of the used classes, the divisors taken out of them, and the scores if they are
    // read.
    private double[] emission = {};
    private double[] normalizer = {};
    private double[] x = {};

    private double[] alpha = {};
    private double[] beta = {};
    private double[] occupancy = {};

    /**
     * Creates an alignment for the samples of a batch.
     *
     * @param scores log-probabilities, or logits, which are rarely read
     * @param softmax the softmax of logits, or null for log-probabilities
     * @param classes the number of classes, which are adjacent
     * @param blank the class of the blank
     * @param gradient zeros, as many as scores, to receive the gradient, or null if it is not
     *     needed
     */
    CtcAlignment(
            Supplier<double[]> scores,
            double @Nullable [] softmax,
            int classes,
            int blank,
            double @Nullable [] gradient) {
        this.scores = scores;
        this.softmax = softmax;
        this.classes = classes;
        this.blank = blank;
        this.gradient = gradient;
        place = new int[classes];
    }

    /**
     * Computes −ln p(target | scores) of a sample and the gradient of {@code scale} times that.
     *
     * @param offset the offset of the first step of the sample
     * @param stride the distance between its steps
     * @param steps the number of its steps
     * @param targets class indices
     * @param begin the index where the target of the sample begins
     * @param length its length
     * @param scale a factor on the gradient
     * @param zeroInfinity whether an infinite loss becomes 0 with gradient 0
     * @return the loss: infinite, with gradient NaN, if there is no alignment
     */
    double loss(
            int offset,
            int stride,
            int steps,
            long[] targets,
            int begin,
            int length,
            double scale,
            boolean zeroInfinity) {
        this.offset = offset;
        this.stride = stride;
        this.steps = steps;
        double loss = align(targets, begin, length, scale);
        if (Double.isFinite(loss)) {
            return loss;
        }
        boolean zero = zeroInfinity && loss == Double.POSITIVE_INFINITY;
        if (gradient != null) {
            for (int t = 0; t < steps; t++) {
                Arrays.fill(gradient, row(t), row(t) + classes, zero ? 0 : Double.NaN);
            }
        }
        return zero ? 0 : loss;
    }

    private double align(long[] targets, int begin, int length, double scale) {
        if (steps == 0) {
            return length == 0 ? 0 : Double.POSITIVE_INFINITY;
        }
        spell(targets, begin, length);
        if (!reach()) {
            return Double.POSITIVE_INFINITY;
        }
        double normalizers = softmax == null ? Double.NaN : normalizeSoftmax(softmax, scale);
        if (Double.isNaN(normalizers)) {
            normalizers = normalizeScores();
        }
        if (!(normalizers > Double.NEGATIVE_INFINITY)) {
            return -normalizers;
        }
        int kept = gradient == null ? 2 : steps + 1;
        alpha = atLeast(alpha, Math.multiplyExact(kept, width()));
        beta = atLeast(beta, states + PAD);
        occupancy = atLeast(occupancy, usedCount);
        double logLikelihood = forward();
        if (Double.isNaN(logLikelihood)) {
            normalizers = normalizeScores();
            logLikelihood = logForward();
            if (gradient != null && Double.isFinite(logLikelihood)) {
                logBackward(logLikelihood, scale);
            }
        } else if (gradient != null) {
            backward(scale);
        }
        return -(logLikelihood + normalizers);
    }

    // ------------------------------------------------------------------ states

    /** Puts blanks around the labels. */
    private void spell(long[] targets, int begin, int length) {
        states = 2 * length + 1;
        symbol = atLeast(symbol, states);
        jump = atLeast(jump, states + PAD);
        used = atLeast(used, length + 1);
        Arrays.fill(place, -1);
        usedCount = 0;
        use(blank);
        for (int s = 0; s < states; s++) {
            symbol[s] = s % 2 == 0 ? 0 : use((int) targets[begin + s / 2]);
            jump[s] = s >= 2 && symbol[s] != symbol[s - 2] ? 1 : 0;
        }
        // An alignment may skip the first blank, and likewise the last.
        jump[1] = 1;
        jump[states] = 1;
        jump[states + 1] = 0;
    }

    private int use(int label) {
        if (place[label] < 0) {
            place[label] = usedCount;
            used[usedCount++] = label;
        }
        return place[label];
    }

    /** Finds the states on alignments, and returns whether there are any. */
    private boolean reach() {
        first = atLeast(first, steps);
        last = atLeast(last, steps);
        int state = states;
        for (int t = steps - 1; t >= 0; t--) {
            state = Math.max(0, state - (jump[state] == 1 ? 2 : 1));
            first[t] = state;
        }
        if (state > 1) {
            return false;
        }
        state = -1;
        for (int t = 0; t < steps; t++) {
            boolean far = state + 2 < states && jump[state + 2] == 1;
            state = Math.min(states - 1, state + (far ? 2 : 1));
            last[t] = state;
        }
        return true;
    }

    // ------------------------------------------------------------------ emissions

    /**
     * Computes the emissions of the used classes, normalized over them, and writes the softmax into
     * the gradient.
     *
     * @return the logarithm of the factor divided out of the likelihood, or NaN if a used class is
     *     too improbable
     */
    private double normalizeSoftmax(double[] softmax, double scale) {
        emission = atLeast(emission, Math.multiplyExact(steps, usedCount));
        double total = 0;
        double least = 1;
        for (int t = 0; t < steps; t++) {
            int row = row(t);
            int e = t * usedCount;
            double sum = 0;
            for (int k = 0; k < usedCount; k++) {
                double p = softmax[row + used[k]];
                emission[e + k] = p;
                sum += p;
                least = Math.min(least, p);
            }
            for (int k = 0; k < usedCount; k++) {
                emission[e + k] /= sum;
            }
            total += Math.log(sum);
            if (gradient != null) {
                for (int c = row; c < row + classes; c++) {
                    gradient[c] = softmax[c] * scale;
                }
            }
        }
        return least >= LEAST ? total : Double.NaN;
    }

    /**
     * Does the same without the softmax, and without changing the gradient.
     *
     * @return the logarithm of the factor divided out of the likelihood
     */
    private double normalizeScores() {
        emission = atLeast(emission, Math.multiplyExact(steps, usedCount));
        normalizer = atLeast(normalizer, steps);
        x = scores.get();
        double total = 0;
        for (int t = 0; t < steps; t++) {
            int row = row(t);
            int e = t * usedCount;
            double max = Double.NEGATIVE_INFINITY;
            for (int k = 0; k < usedCount; k++) {
                max = Math.max(max, x[row + used[k]]);
            }
            double sum = 0;
            for (int k = 0; k < usedCount; k++) {
                double exp = Math.exp(x[row + used[k]] - max);
                emission[e + k] = exp;
                sum += exp;
            }
            for (int k = 0; k < usedCount; k++) {
                emission[e + k] /= sum;
            }
            normalizer[t] = max == Double.NEGATIVE_INFINITY ? max : max + Math.log(sum);
            total += softmax == null ? normalizer[t] : normalizer[t] - logSumExp(row);
        }
        return total;
    }

    private double logSumExp(int row) {
        double max = Double.NEGATIVE_INFINITY;
        for (int c = row; c < row + classes; c++) {
            max = Math.max(max, x[c]);
        }
        double sum = 0;
        for (int c = row; c < row + classes; c++) {
            sum += Math.exp(x[c] - max);
        }
        return max + Math.log(sum);
    }

    // ------------------------------------------------------------------ probabilities

    /**
     * Computes the forward variables, equations (6) and (7), each step divided by the sum C of the
     * step before, which becomes part of the emissions.
     *
     * @return Σ ln C, equation (8), or NaN if an underflow could affect it
     */
    private double forward() {
        double logLikelihood = 0;
        double fall = 0;
        boolean underflow = false;
        double sum = 1;
        start(alphaRow(-1), 0, 1);
        for (int t = 0; t < steps; t++) {
            int e = t * usedCount;
            for (int k = 0; k < usedCount; k++) {
                emission[e + k] /= sum;
            }
            int before = alphaRow(t - 1);
            int now = alphaRow(t);
            sum = 0;
            for (int s = first[t]; s <= last[t]; s++) {
                double a =
                        (alpha[before + s]
                                        + alpha[before + s - 1]
                                        + jump[s] * alpha[before + s - 2])
                                * emission[e + symbol[s]];
                alpha[now + s] = a;
                sum += a;
                underflow |= a < Double.MIN_NORMAL;
            }
            surround(now, t, 0);
            double logSum = Math.log(sum);
            logLikelihood += logSum;
            if (underflow) {
                fall -= logSum;
            }
        }
        return fall <= MAX_FALL ? logLikelihood : Double.NaN;
    }

    /**
     * Computes the backward variables, equations (10) and (11), in place, and the gradient (15).
     *
     * <p>They are scaled so that their products with the forward variables are posterior
     * probabilities, none greater than 1. So they cannot overflow where the forward variables did
     * not underflow, and elsewhere do not exceed e to the power of {@link #MAX_FALL}.
     */
    private void backward(double scale) {
        Arrays.fill(beta, 0, states + PAD, 0);
        int end = alphaRow(steps - 1) + states - 1;
        beta[states] = 1 / (alpha[end] + alpha[end - 1]);
        for (int t = steps - 1; t >= 0; t--) {
            int e = t * usedCount;
            int now = alphaRow(t);
            Arrays.fill(occupancy, 0, usedCount, 0);
            for (int s = first[t]; s <= last[t]; s++) {
                double b = beta[s] + beta[s + 1] + jump[s + 2] * beta[s + 2];
                occupancy[symbol[s]] += alpha[now + s] * b;
                beta[s] = b * emission[e + symbol[s]];
            }
            beta[last[t] + 1] = 0;
            beta[last[t] + 2] = 0;
            subtractOccupancy(t, scale);
        }
    }

    // ------------------------------------------------------------------ logarithms

    /** Computes the logarithms of the forward variables, and ln p. */
    private double logForward() {
        start(alphaRow(-1), Double.NEGATIVE_INFINITY, 0);
        for (int t = 0; t < steps; t++) {
            int before = alphaRow(t - 1);
            int now = alphaRow(t);
            for (int s = first[t]; s <= last[t]; s++) {
                double a = logAdd(alpha[before + s], alpha[before + s - 1]);
                if (jump[s] == 1) {
                    a = logAdd(a, alpha[before + s - 2]);
                }
                alpha[now + s] = a + logEmission(t, s);
            }
            surround(now, t, Double.NEGATIVE_INFINITY);
        }
        int end = alphaRow(steps - 1) + states - 1;
        return logAdd(alpha[end], alpha[end - 1]);
    }

    /** Computes the logarithms of the backward variables, in place, and the gradient. */
    private void logBackward(double logLikelihood, double scale) {
        Arrays.fill(beta, 0, states + PAD, Double.NEGATIVE_INFINITY);
        beta[states] = 0;
        for (int t = steps - 1; t >= 0; t--) {
            int now = alphaRow(t);
            Arrays.fill(occupancy, 0, usedCount, 0);
            double sum = 0;
            for (int s = first[t]; s <= last[t]; s++) {
                double b = logAdd(beta[s], beta[s + 1]);
                if (jump[s + 2] == 1) {
                    b = logAdd(b, beta[s + 2]);
                }
                double posterior = Math.exp(alpha[now + s] + b - logLikelihood);
                occupancy[symbol[s]] += posterior;
                sum += posterior;
                beta[s] = b + logEmission(t, s);
            }
            beta[last[t] + 1] = Double.NEGATIVE_INFINITY;
            beta[last[t] + 2] = Double.NEGATIVE_INFINITY;
            // The posteriors of a step add up to 1: this removes the rounding errors of large
            // logarithms.
            for (int k = 0; k < usedCount; k++) {
                occupancy[k] /= sum;
            }
            subtractOccupancy(t, scale);
        }
    }

    private double logEmission(int t, int s) {
        return x[row(t) + used[symbol[s]]] - normalizer[t];
    }

    private static double logAdd(double a, double b) {
        double max = Math.max(a, b);
        double min = Math.min(a, b);
        return min == Double.NEGATIVE_INFINITY ? max : max + Math.log(1 + Math.exp(min - max));
    }

    // ------------------------------------------------------------------ rows

    /** Subtracts the probability that a step emits each class. */
    private void subtractOccupancy(int t, double scale) {
        double[] target = Objects.requireNonNull(gradient);
        int row = row(t);
        for (int k = 0; k < usedCount; k++) {
            target[row + used[k]] -= scale * occupancy[k];
        }
    }

    private int row(int t) {
        return offset + t * stride;
    }

    private int width() {
        return states + 2 * PAD;
    }

    /** Returns the index of state 0 of a step; without a gradient only two steps are kept. */
    private int alphaRow(int t) {
        return (gradient == null ? (t + 1) % 2 : t + 1) * width() + PAD;
    }

    /** Puts all probability before the first state. */
    private void start(int row, double zero, double one) {
        Arrays.fill(alpha, row - PAD, row + PAD, zero);
        alpha[row - 1] = one;
    }

    /** Writes zeros where the next step reads states that are not on an alignment. */
    private void surround(int row, int t, double zero) {
        alpha[row + first[t] - 1] = zero;
        alpha[row + first[t] - 2] = zero;
        alpha[row + last[t] + 1] = zero;
        alpha[row + last[t] + 2] = zero;
    }

    private static double[] atLeast(double[] array, int length) {
        return array.length >= length ? array : new double[length];
    }

    private static int[] atLeast(int[] array, int length) {
        return array.length >= length ? array : new int[length];
    }
}
