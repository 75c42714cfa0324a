/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.symbolic;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;

import io.djlosses.internal.core.NdBase;
import io.djlosses.internal.core.Trait;

import java.util.List;
import java.util.Objects;

/**
 * Operators that some engines run by name and {@link NDArray} does not have. Each takes one call;
 * with portable operations it would take several, or be less exact.
 */
public final class Operators {

    private static final String AXES = "abcdefghijklmnopqrstuvwxyz";

    /** An engine has these operators, and they compute what is expected. */
    private static final Trait KNOWN =
            new Trait(
                    probe -> {
                        try {
                            NDArray x = vector(probe, -20, Double.POSITIVE_INFINITY);
                            NDArray pair = x.reshape(1, 2);
                            NDArray second = probe.ones(new Shape(1), DataType.INT64);
                            NDArray small = vector(probe, -1, 2);
                            return isClose(total(pair), Double.POSITIVE_INFINITY)
                                    && isClose(sum(pair, 1), Double.POSITIVE_INFINITY)
                                    && isClose(sumOfFew(pair, 1, true), Double.POSITIVE_INFINITY)
                                    && isClose(inner(small, small), 5)
                                    && isClose(pick(small.reshape(1, 2), second), 2)
                                    && isClose(
                                            logSoftmax(probe.zeros(new Shape(10)), 0),
                                            -Math.log(10))
                                    && isClose(slice(small, 0, 1, 2), 2)
                                    && isClose(relu(small), 0)
                                    && isClose(positivePart(small), 0)
                                    && isClose(complement(small), 2)
                                    && isClose(softplus(x), Math.exp(-20))
                                    && isClose(log1p(probe.ones(new Shape(1))), Math.log(2));
                        } catch (UnsupportedOperationException | EngineException e) {
                            return false;
                        }
                    });

    /**
     * Whether an engine with these operators may run several at a time, as its own variables of the
     * environment say. A matrix product can then wait forever for the threads of another operator:
     * a fault of the engine, which no trial can find.
     */
    private static final boolean AT_ONCE =
            !List.of("", "1").contains(variable("MXNET_CPU_WORKER_NTHREADS"))
                    || variable("MXNET_ENGINE_TYPE").matches("ThreadedEngine(Pooled)?");

    private Operators() {}

    private static String variable(String name) {
        return Objects.requireNonNullElse(System.getenv(name), "");
    }

    /** Returns whether the engine of an array has these operators. */
    public static boolean serve(NDArray x) {
        return KNOWN.of(x.getManager());
    }

    /** Returns whether a matrix product might hang, so that none may serve as a sum. */
    public static boolean mayHang(NDArray x) {
        return AT_ONCE && serve(x);
    }

    private static NDArray vector(NDManager manager, double... values) {
        return NdBase.create(manager, values, new Shape(values.length), DataType.FLOAT32);
    }

    private static boolean isClose(NDArray x, double first) {
        double value = NdBase.toDoubles(x)[0];
        return value == first || Math.abs(value - first) < 1e-6 * Math.abs(first);
    }

    /** Returns the 0-d sum of all elements: exact, also if some are infinite. */
    public static NDArray total(NDArray x) {
        // Never the array itself: the caller may close the result.
        return x.getShape().isScalar() ? x.add(0) : contract(x, axes(x), "");
    }

    /** Returns the sums along an axis: exact, also if some are infinite. */
    public static NDArray sum(NDArray x, int axis) {
        String axes = axes(x);
        return contract(x, axes, axes.substring(0, axis) + axes.substring(axis + 1));
    }

    private static String axes(NDArray x) {
        return AXES.substring(0, x.getShape().dimension());
    }

    /** Sums over axes. Its backward pass is slow for many elements. */
    private static NDArray contract(NDArray x, String axes, String kept) {
        return invoke("_npi_einsum", x, "num_args", "1", "subscripts", axes + "->" + kept);
    }

    /** Returns the sums of products along the last axis, as exact as {@link #sum}. */
    public static NDArray dot(NDArray x, NDArray y) {
        String axes = axes(x);
        return contract(x, y, axes, axes, axes.substring(0, axes.length() - 1));
    }

    /** Returns the product of two matrices, without the engine's own products; slow. */
    public static NDArray matMul(NDArray x, NDArray y) {
        return contract(x, y, "ab", "bc", "ac");
    }

    private static NDArray contract(NDArray x, NDArray y, String xs, String ys, String kept) {
        String subscripts = xs + "," + ys + "->" + kept;
        return invoke("_npi_einsum", new NDList(x, y), "num_args", "2", "subscripts", subscripts);
    }

    /** Returns the sums along an axis of an array with several axes; as fast as {@link #sum}. */
    public static NDArray sumOfFew(NDArray x, int axis, boolean keepDims) {
        return invoke("sum", x, "axis", "" + axis, "keepdims", keepDims ? "1" : "0");
    }

    /** Returns the 0-d sum of the products of two arrays of equal shape. */
    public static NDArray inner(NDArray x, NDArray y) {
        int rank = x.getShape().dimension();
        if (AT_ONCE) {
            return contract(x, y, axes(x), axes(x), "");
        }
        return rank == 0
                ? x.mul(y)
                : invoke("_npi_tensordot_int_axes", new NDList(x, y), "axes", "" + rank);
    }

    /** Returns a slice along an axis. */
    public static NDArray slice(NDArray x, int axis, long begin, long end) {
        return invoke("slice_axis", x, "axis", "" + axis, "begin", "" + begin, "end", "" + end);
    }

    /** Picks one entry along axis 1 for every other position. */
    public static NDArray pick(NDArray scores, NDArray index) {
        return invoke("pick", new NDList(scores, index), "axis", "1");
    }

    /** Returns the sign of x, with the gradient 1. */
    public static NDArray signPassingGradient(NDArray x) {
        return invoke("_contrib_sign_ste", x);
    }

    /** Returns log(softmax(x)), exact, with a kernel that is slow for many elements. */
    public static NDArray logSoftmax(NDArray x, int axis) {
        // A temperature, even 1, keeps the engine from using a kernel that is fast but not exact.
        return invoke("log_softmax", x, "axis", "" + axis, "temperature", "1");
    }

    /** Returns max(x, 0) with gradient 0 at 0. */
    public static NDArray relu(NDArray x) {
        return invoke("_npx_relu", x);
    }

    /** Returns max(x, 0) of a constant; 0 for NaN. */
    public static NDArray positivePart(NDArray x) {
        return invoke("Activation", x, "act_type", "relu");
    }

    /** Returns 1 − x. */
    public static NDArray complement(NDArray x) {
        return withNumber("_rminus_scalar", x, 1);
    }

    /** Returns log(1 + exp(x)) for FLOAT32, exact because it is computed in FLOAT64. */
    public static NDArray softplus(NDArray x) {
        NDArray wide = invoke("Cast", x, "dtype", "float64");
        return invoke(
                "Cast", invoke("Activation", wide, "act_type", "softrelu"), "dtype", "float32");
    }

    /** Returns the result of an operator on an array and a number, in the type of the array. */
    public static NDArray withNumber(String name, NDArray x, double number) {
        return invoke(name, x, "scalar", "" + number);
    }

    /** Returns log(1 + x). */
    public static NDArray log1p(NDArray x) {
        return invoke("_npi_log1p", x);
    }

    /** Replaces a constant x by σ(x) in place. */
    public static void sigmoidInPlace(NDArray x) {
        replace("Activation", x, "act_type", "sigmoid");
    }

    /** Replaces a constant x by tanh(x) in place. */
    public static void tanhInPlace(NDArray x) {
        replace("Activation", x, "act_type", "tanh");
    }

    /** Replaces a constant x by log₂(x) in place. */
    public static void log2InPlace(NDArray x) {
        replace("_npi_log2", x);
    }

    /** Works in place, because memory in use is several times as fast as new memory. */
    private static void replace(String name, NDArray x, String... parameters) {
        NDArray[] self = {x};
        x.getManager().invoke(name, self, self, pairs(parameters));
    }

    private static NDArray invoke(String name, NDArray x, String... parameters) {
        return invoke(name, new NDList(x), parameters);
    }

    private static NDArray invoke(String name, NDList x, String... parameters) {
        return x.head().getManager().invoke(name, x, pairs(parameters)).head();
    }

    private static PairList<String, String> pairs(String... parameters) {
        PairList<String, String> pairs = new PairList<>(parameters.length / 2);
        for (int i = 0; i < parameters.length; i += 2) {
            pairs.add(parameters[i], parameters[i + 1]);
        }
        return pairs;
    }
}
