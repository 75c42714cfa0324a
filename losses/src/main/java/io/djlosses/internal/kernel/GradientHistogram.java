/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.Reading;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * The density of gradient norms over bins, by whose inverse the gradient harmonizing mechanism
 * weights the elements of a batch: neither the many easy ones nor the outliers dominate.
 *
 * <pre>{@code
 * weight = total / (Rᵢ n)        Rᵢ elements in the bin of the element, n bins that are not empty
 * Rᵢ ← m Rᵢ + (1 − m) count      with momentum m > 0, for bins that are not empty
 * }</pre>
 *
 * <p>With momentum the smoothed counts {@code Rᵢ} are state: they start at 0, change with each
 * batch that asks for a gradient, and with no other, and each batch reads its counts back, which
 * waits for the device. {@link #counts} and {@link #restore} save and load them with a model.
 * Without momentum there is no state and nothing is read back. Thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/1811.05181">Li et al. 2019, Gradient Harmonized Single-stage
 *     Detector</a>
 */
public final class GradientHistogram {

    /** The size from which a script pays for its many calls. */
    private static final long LARGE = 4096;

    private final int bins;
    private final double lastEdge;
    private final double momentum;
    private final boolean multiplies;
    private double[] counts;

    /**
     * Makes a histogram of {@code bins} bins of equal width in [0, 1].
     *
     * @param bins the number of bins
     * @param lastEdge the upper edge of the last bin, at least 1; elements beyond it weigh 0
     * @param momentum the share of the past in a smoothed count, in [0, 1)
     */
    public GradientHistogram(int bins, double lastEdge, double momentum) {
        this.bins = bins;
        this.lastEdge = lastEdge;
        this.momentum = momentum;
        multiplies = multiplies(bins);
        counts = new double[bins];
    }

    /**
     * Checks a number of bins.
     *
     * @param loss the name of the loss
     * @param bins the number
     * @return the number
     */
    public static int checkBins(String loss, int bins) {
        Checks.require(bins >= 1, loss, "bins", "be at least 1", bins);
        return bins;
    }

    /**
     * Checks a momentum.
     *
     * @param loss the name of the loss
     * @param momentum the momentum
     * @return the momentum
     */
    public static double checkMomentum(String loss, double momentum) {
        Checks.require(
                momentum >= 0 && momentum < 1,
                loss,
                "momentum",
                "be at least 0 and less than 1",
                momentum);
        return momentum;
    }

    /**
     * Makes a script of a loss that is weighted by its histogram, without label weights: one pass
     * that counts gradients, and one that weights them.
     *
     * @param slopes an expression that writes the gradient of a block into {@code d}, from {@code
     *     x} and {@code y}
     * @param values the expression of the values of a block
     * @param numbers the names of {@code bins}, {@code lastEdge}, {@code lossWeight}, and of
     *     numbers of the script's own
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
        return large.from(LARGE, small);
    }

    /**
     * Makes such a script for arrays so small that the number of operations counts.
     *
     * @param slopes statements that compute the gradient {@code d} from {@code x} and {@code y}
     * @param result statements that return the result, given the weights {@code h}
     * @param numbers the names of {@code bins}, {@code lastEdge}, {@code lossWeight}, and of
     *     numbers of the script's own
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
     * Returns whether a {@link #script} is exact and has no state to keep.
     *
     * @param prediction the prediction
     * @return whether to run it
     */
    public boolean isScripted(NDArray prediction) {
        return momentum == 0 && multiplies && prediction.getDataType() == DataType.FLOAT32;
    }

    /**
     * Makes the arguments of a {@link #script}.
     *
     * @param script the script
     * @param prediction the prediction
     * @param label the label, of the shape and data type of the prediction
     * @param lossWeight a factor of the weights
     * @param options the numbers of the script's own
     * @return script and arguments
     */
    public Reading.Call call(
            Script script,
            NDArray prediction,
            NDArray label,
            double lossWeight,
            double... options) {
        double[] numbers =
                DoubleStream.concat(
                                DoubleStream.of(bins, lastEdge, lossWeight),
                                DoubleStream.of(options))
                        .toArray();
        return new Reading.Call(
                script, Divisor.of(prediction.size()), List.of(prediction, label), numbers);
    }

    /** Returns whether the integral part of a norm times the bins is the bin between two edges. */
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
     * Returns the weight of each element.
     *
     * @param norm the gradient norms, detached
     * @param valid 1 where an element counts and 0 where it does not, of the shape of the norms, or
     *     null if all count
     * @param total what the weights of a batch add up to, a 0-d array
     * @param advance whether the batch changes the smoothed counts
     * @return the weights, of the shape of the norms, 0 where an element does not count
     */
    public NDArray weights(NDArray norm, @Nullable NDArray valid, NDArray total, boolean advance) {
        if (norm.getDataType() == DataType.FLOAT32 && !norm.getDevice().isGpu()) {
            return weightsOnCpu(norm, valid, total, advance);
        }
        NDArray bin = norm.zerosLike();
        NDList reached = new NDList(bins + 1); // how many elements lie on or above each edge
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
        NDList inside = new NDList(bins + 1); // the last bin is for what lies beyond, and empty
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

    /** Counts in Java, in one pass: there is no device to wait for. */
    private NDArray weightsOnCpu(
            NDArray norm, @Nullable NDArray valid, NDArray total, boolean advance) {
        float[] edges = new float[bins + 1];
        for (int i = 0; i <= bins; i++) {
            edges[i] = i < bins ? (float) ((double) i / bins) : (float) lastEdge;
        }
        float[] values = norm.toFloatArray();
        float[] counting = valid == null ? null : valid.toFloatArray();
        long[] inside = new long[bins + 2]; // then what lies beyond, and what does not count
        for (int i = 0; i < values.length; i++) {
            float value = values[i];
            int bin = bins + 1;
            if (counting == null || counting[i] != 0) {
                bin = Math.min((int) (value * bins), bins); // about, and 0 for NaN
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
        double[] counts = new double[bins + 1];
        for (int i = 0; i < bins; i++) {
            counts[i] = inside[i];
        }
        NDManager manager = norm.getManager();
        NDArray filled = Nd.create(manager, counts, new Shape(bins + 1), DataType.FLOAT32);
        double[] weights = Nd.toDoubles(inverse(filled, advance).mul(total));
        for (int i = 0; i < values.length; i++) {
            int bin = (int) values[i];
            values[i] = bin > bins ? 0 : (float) weights[bin];
        }
        return Nd.create(manager, values, norm.getShape());
    }

    /** Returns 1 / (Rᵢ n), 0 for empty bins. */
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
     * Returns the smoothed counts, for saving them with a model.
     *
     * @return a copy of one number for each bin, all 0 without momentum
     */
    public synchronized double[] counts() {
        return counts.clone();
    }

    /**
     * Sets the smoothed counts, for going on with a saved model.
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
