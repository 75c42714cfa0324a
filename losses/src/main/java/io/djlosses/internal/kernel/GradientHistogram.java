/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reading;
import io.djlosses.api.Reduction;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/**
 * A histogram of gradient norms, by whose inverse density the gradient harmonizing mechanism
 * weights the elements of a batch, so that neither the many easy ones nor the outliers dominate.
 *
 * <pre>{@code
 * weight = total / (Rᵢ n)        Rᵢ elements in the bin of the element, n bins that are not empty
 * Rᵢ ← m Rᵢ + (1 − m) count      with momentum m > 0, for bins that are not empty
 * }</pre>
 *
 * <p>With momentum the smoothed counts {@code Rᵢ} are state: they start at 0 and change only with
 * batches whose gradient is computed. Each batch reads its counts into Java, which waits for the
 * device. Use {@link #counts} and {@link #restore} to save and load them with a model. Without
 * momentum there is no state, and nothing is read. Thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/1811.05181">Li et al. 2019, Gradient Harmonized Single-stage
 *     Detector</a>
 */
public final class GradientHistogram {

    /** More bins than a batch has use for, but not more than memory. */
    private static final int MAX_BINS = 10_000;

    private final int bins;
    private final double lastEdge;
    private final double momentum;
    private final double lossWeight;
    private final boolean multiplies;
    private double[] counts;

    /**
     * Creates a histogram whose bins have equal width in [0, 1].
     *
     * @param builder the options
     * @param lastEdge the upper edge of the last bin, at least 1; elements beyond it have weight 0
     */
    public GradientHistogram(Builder<?, ?> builder, double lastEdge) {
        this.lastEdge = lastEdge;
        bins = builder.bins;
        momentum = builder.momentum;
        lossWeight = builder.lossWeight;
        multiplies = multiplies(bins);
        counts = new double[bins];
    }

    /**
     * The builder of a loss that is weighted by its histogram.
     *
     * @param <L> the loss
     * @param <T> the type of the builder itself
     */
    public abstract static class Builder<L, T extends Builder<L, T>> extends LossBuilder<L, T> {

        private int bins = 10;
        private double momentum;
        private double lossWeight = 1;

        /**
         * Creates a builder.
         *
         * @param name the name of the class of the loss
         * @param constructor creates the loss from the builder
         */
        protected Builder(String name, Function<? super T, ? extends L> constructor) {
            super(name, constructor);
            defaults(Reduction.MEAN, EmptyPolicy.ZERO);
        }

        /**
         * Sets the number of bins for the sizes of gradients (default 10).
         *
         * @param bins a number from 1 to 10,000
         * @return this {@code Builder}
         */
        public T optBins(int bins) {
            boolean valid = bins >= 1 && bins <= MAX_BINS;
            this.bins = require("bins", bins, valid, "be in [1, " + MAX_BINS + "]");
            return self();
        }

        /**
         * Sets the share of earlier batches in the smoothed count of a bin (default 0).
         *
         * @param momentum a number in [0, 1)
         * @return this {@code Builder}
         */
        public T optMomentum(double momentum) {
            boolean valid = momentum >= 0 && momentum < 1;
            this.momentum = require("momentum", momentum, valid, "be at least 0 and less than 1");
            return self();
        }

        /**
         * Sets a factor on the loss (default 1).
         *
         * @param lossWeight a non-negative number
         * @return this {@code Builder}
         */
        public T optLossWeight(double lossWeight) {
            this.lossWeight = notNegative("lossWeight", lossWeight);
            return self();
        }
    }

    /**
     * Checks the number of the labels: a target, and perhaps a label weight.
     *
     * @param loss the name of the loss
     * @param labels the labels
     */
    public static void checkCount(String loss, NDList labels) {
        if (labels.size() != 1 && labels.size() != 2) {
            String given = labels.size() + " arrays";
            throw Checks.failure(loss, "labels", "hold [target] or [target, labelWeight]", given);
        }
    }

    /**
     * Creates the script of a loss that is weighted by its histogram, without label weights: one
     * pass counts the gradients, and one weights them.
     *
     * @param slopes statements that write the gradient of a block into {@code d}, from {@code x}
     *     and {@code y}
     * @param values the expression of the values of a block
     * @param numbers the names of {@code bins}, {@code lastEdge}, {@code lossWeight}, and of
     *     further numbers of the script
     * @param small the script for small arrays
     * @return the script
     */
    public static Script script(String slopes, String values, String numbers, Script small) {
        Script large =
                Script.of(
                        "prediction",
                        "label",
                        numbers,
                        """
                        xs = torch.flatten(torch.detach(prediction))
                        ys = torch.flatten(label)
                        ds = torch.empty_like(xs)
                        places = torch.empty_like(xs, dtype=3)
                        counts = torch.zeros([int(bins) + 1], dtype=4)
                        n = torch.numel(xs)
                        for i in range((n + block - 1) // block):
                          a = i * block
                          b = a + block
                          x = xs[a:b]
                          y = ys[a:b]
                          d = ds[a:b]
                          norm = torch.abs(SLOPES)
                          beyond = torch.clone(norm).ge_(lastEdge)
                          place = norm.mul_(bins).clamp_(max=bins - 1.).add_(beyond).nan_to_num_(bins)
                          places[a:b].copy_(place)
                          counts.add_(torch.bincount(places[a:b], None, int(bins) + 1))
                        counts[int(bins)] = 0
                        full = torch.to(torch.gt(counts, 0), 7)
                        shared = torch.to(counts.clamp_(min=1), 7) * torch.sum(full).clamp_(min=1)
                        weights = (full * (n * lossWeight)).div_(shared).type_as(xs)
                        total = torch.zeros([], dtype=7)
                        for i in range((n + block - 1) // block):
                          a = i * block
                          b = a + block
                          x = xs[a:b]
                          y = ys[a:b]
                          weight = torch.index_select(weights, 0, places[a:b])
                          if gradient:
                            ds[a:b].mul_(weight)
                          total.add_((VALUES).mul_(weight).sum())
                        factor = 1. / n if mean else 1.
                        if not gradient:
                          return (total * factor).type_as(xs)
                        result = torch.dot(torch.flatten(prediction), ds) * factor
                        result.detach().copy_(total * factor)
                        return result
                        """
                                .replace("SLOPES", slopes)
                                .replace("VALUES", values));
        return large.from(Thresholds.SCRIPT, small);
    }

    /**
     * Creates such a script for arrays so small that the number of operations matters.
     *
     * @param slopes statements that compute the gradient {@code d} from {@code x} and {@code y}
     * @param result statements that return the result, given the weights {@code h}
     * @param numbers the names of {@code bins}, {@code lastEdge}, {@code lossWeight}, and of
     *     further numbers of the script
     * @return the script
     */
    public static Script small(String slopes, String result, String numbers) {
        return Script.of(
                "prediction",
                "y",
                numbers,
                """
                x = torch.detach(prediction)
                SLOPES
                norm = torch.abs(d)
                beyond = torch.ge(norm, lastEdge)
                place = norm.mul_(bins).clamp_(max=bins - 1.).add_(beyond).nan_to_num_(bins)
                i = torch.flatten(torch.to(place, 4))
                counts = torch.bincount(i, None, int(bins) + 1)
                inside = counts[:int(bins)]
                weights = torch.reciprocal(counts * torch.count_nonzero(inside))
                weights.mul_(torch.numel(x) * lossWeight)
                weights[int(bins)] = 0
                h = torch.reshape(torch.index_select(weights, 0, i), torch.size(x))
                RESULT
                """
                        .replace("SLOPES", slopes.strip())
                        .replace("RESULT", result.strip()));
    }

    /**
     * Returns whether a {@link #script} can be used: it is exact, and there is no state to update.
     *
     * @param prediction the prediction
     * @return whether to run it
     */
    public boolean isScripted(NDArray prediction) {
        return momentum == 0 && multiplies && prediction.getDataType() == DataType.FLOAT32;
    }

    /**
     * Returns the call of a {@link #script} with its arguments.
     *
     * @param script the script
     * @param prediction the prediction
     * @param label the label, of the shape and data type of the prediction
     * @param options the further numbers of the script
     * @return the call
     */
    public Reading.Call call(Script script, NDArray prediction, NDArray label, double... options) {
        double[] own = {bins, lastEdge, lossWeight};
        double[] numbers =
                DoubleStream.concat(Arrays.stream(own), Arrays.stream(options)).toArray();
        return new Reading.Call(script, prediction.size(), List.of(prediction, label), numbers);
    }

    /**
     * Returns whether the bin of a norm is the integral part of the norm times the number of bins.
     */
    private static boolean multiplies(int bins) {
        for (int i = 1; i < bins; i++) {
            float edge = (float) ((double) i / bins);
            if (edge * bins < i || Math.nextDown(edge) * bins >= i) {
                return false;
            }
        }
        return true;
    }

    /**
     * Returns the weight of each element, times the weight of the loss.
     *
     * @param norm the gradient norms, detached
     * @param valid 1 where an element counts and 0 elsewhere, with the shape of the norms, or null
     *     if all count
     * @param total the sum of the weights of a batch, a 0-d array; at least 1 is used
     * @param advance whether to update the smoothed counts
     * @return the weights, with the shape of the norms, 0 where an element does not count
     */
    public NDArray weights(NDArray norm, @Nullable NDArray valid, NDArray total, boolean advance) {
        NDArray atLeast1 = total.maximum(Nd.num(norm, 1));
        NDArray weights = unscaled(norm, valid, atLeast1, advance);
        return lossWeight == 1 ? weights : weights.mul(Nd.num(weights, lossWeight));
    }

    private NDArray unscaled(
            NDArray norm, @Nullable NDArray valid, NDArray total, boolean advance) {
        if (norm.getDataType() == DataType.FLOAT32 && !norm.getDevice().isGpu()) {
            return weightsOnCpu(norm, valid, total, advance);
        }
        NDArray bin = norm.zerosLike();
        NDList reached = new NDList(bins + 1); // the number of elements on or above each edge
        for (int i = 0; i <= bins; i++) {
            double edge = i < bins ? (double) i / bins : lastEdge;
            NDArray above = Nd.cast(norm.gte(Nd.num(norm, edge)), norm);
            if (valid != null) {
                above.muli(valid);
            }
            reached.add(above.sum());
            if (i > 0) {
                bin.addi(above);
            }
        }
        NDList inside = new NDList(bins + 1); // the last bin, for elements beyond, stays empty
        for (int i = 0; i < bins; i++) {
            inside.add(reached.get(i).sub(reached.get(i + 1)));
        }
        inside.add(total.zerosLike());
        NDArray weights =
                inverse(NDArrays.stack(inside), advance)
                        .mul(total)
                        .get(bin.toType(DataType.INT64, false).reshape(-1))
                        .reshape(norm.getShape());
        return valid == null ? weights : weights.mul(valid);
    }

    /** Counts in Java, in one pass; on a CPU there is no device to wait for. */
    private NDArray weightsOnCpu(
            NDArray norm, @Nullable NDArray valid, NDArray total, boolean advance) {
        float[] edges = new float[bins + 1];
        for (int i = 0; i <= bins; i++) {
            edges[i] = i < bins ? (float) ((double) i / bins) : (float) lastEdge;
        }
        float[] values = norm.toFloatArray();
        float[] counting = valid == null ? null : valid.toFloatArray();
        long[] inside =
                new long[bins + 2]; // followed by elements beyond, and those that do not count
        for (int i = 0; i < values.length; i++) {
            float value = values[i];
            int bin = bins + 1;
            if (counting == null || counting[i] != 0) {
                bin = Math.min((int) (value * bins), bins); // approximate, and 0 for NaN
                while (bin > 0 && value < edges[bin]) {
                    bin--;
                }
                while (bin < bins && value >= edges[bin + 1]) {
                    bin++;
                }
                if (!Float.isNaN(value)) {
                    inside[bin]++;
                }
            }
            values[i] = bin;
        }
        inside[bins] = 0;
        double[] counted = Arrays.stream(inside, 0, bins + 1).asDoubleStream().toArray();
        NDManager manager = norm.getManager();
        NDArray filled = Nd.create(manager, counted, new Shape(bins + 1), DataType.FLOAT32);
        double[] weights = Nd.toDoubles(inverse(filled, advance).mul(total));
        for (int i = 0; i < values.length; i++) {
            int bin = (int) values[i];
            values[i] = bin > bins ? 0 : (float) weights[bin];
        }
        return Nd.create(manager, values, norm.getShape());
    }

    /** Returns 1 / (Rᵢ n), or 0 for empty bins. */
    private NDArray inverse(NDArray inside, boolean advance) {
        if (momentum > 0) {
            double[] inverse = smoothed(Nd.toDoubles(inside), advance);
            Shape shape = inside.getShape();
            return Nd.create(inside.getManager(), inverse, shape, inside.getDataType());
        }
        NDArray filled = Nd.cast(inside.gt(0), inside);
        Number one = Nd.num(inside, 1);
        return filled.div(inside.maximum(one).mul(filled.sum().maximum(one)));
    }

    private synchronized double[] smoothed(double[] inside, boolean advance) {
        double[] next = counts.clone();
        double[] inverse = new double[bins + 1];
        int filled = 0;
        for (int i = 0; i < bins; i++) {
            if (inside[i] > 0) {
                next[i] = momentum * next[i] + (1 - momentum) * inside[i];
                inverse[i] = 1 / next[i];
                filled++;
            }
        }
        for (int i = 0; i < bins; i++) {
            inverse[i] /= Math.max(1, filled);
        }
        if (advance) {
            counts = next;
        }
        return inverse;
    }

    /**
     * Returns the smoothed counts, to save them with a model.
     *
     * @return a copy of one number for each bin, all 0 without momentum
     */
    public synchronized double[] counts() {
        return counts.clone();
    }

    /**
     * Sets the smoothed counts, to resume training of a saved model.
     *
     * @param saved one number for each bin
     */
    public synchronized void restore(double[] saved) {
        Checks.require(
                saved.length == bins && Arrays.stream(saved).allMatch(x -> x >= 0),
                "GradientHistogram",
                "the counts",
                "be " + bins + " numbers of at least 0",
                Arrays.toString(saved));
        counts = saved.clone();
    }
}
