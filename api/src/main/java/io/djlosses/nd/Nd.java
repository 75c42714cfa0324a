/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.nd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;

import org.jspecify.annotations.Nullable;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Engine-portable idioms on {@link NDArray}s: each method gives the same value and the same
 * gradient on every engine, in FLOAT32 and FLOAT64, including at ties, kinks and infinities, where
 * the engines' own operations differ.
 *
 * <p>A loss written with these and with the plain operations {@code add sub mul div neg abs exp log
 * square sqrt sum(axes)} is portable without further care.
 */
public final class Nd {

    /** An engine's fused log-softmax along the last axis is as exact as other operations. */
    private static final Trait EXACT_LOG_SOFTMAX = new Trait(probe -> isExact(probe, 2, 10));

    /** An engine's fused log-softmax along another axis than the last is exact. */
    private static final Trait EXACT_INNER_LOG_SOFTMAX =
            new Trait(probe -> isExact(probe, 2, 10, 2));

    private static boolean isExact(NDManager probe, long... shape) {
        // Ten equal logits: some fused kernels are wrong in the sixth digit here.
        NDArray equal = probe.zeros(new Shape(shape)).logSoftmax(1);
        return Math.abs(toDoubles(equal)[0] + Math.log(10)) < 1e-6;
    }

    /** An engine's fused softplus keeps the digits of a small value. */
    private static final Trait EXACT_SOFTPLUS =
            new Trait(
                    probe -> {
                        NDArray small = Activation.softPlus(vector(probe, -20));
                        return Math.abs(toDoubles(small)[0] / Math.exp(-20) - 1) < 1e-6;
                    });

    /**
     * An engine's sum of values of which one is infinite is infinite. Where it is not, the sum
     * compensates rounding errors, which also makes it ten times slower than a product.
     */
    private static final Trait SUMS_INFINITIES =
            new Trait(
                    probe -> {
                        NDArray sum = vector(probe, Double.POSITIVE_INFINITY, 1).sum();
                        return !Double.isNaN(toDoubles(sum)[0]);
                    });

    /** An engine computes in the buffer that an array is made from. */
    private static final Trait SHARES_BUFFERS =
            new Trait(
                    probe -> {
                        ByteBuffer buffer = buffer(1, DataType.FLOAT32);
                        NDArray array = probe.create(buffer, new Shape(1), DataType.FLOAT32);
                        buffer.putFloat(0, 1);
                        return toDoubles(array)[0] == 1;
                    });

    /** The size from which an array is large, and the width of the rows that it is summed in. */
    private static final long LARGE = 1 << 16;

    private static final long ROW = 256;

    /** Up to this size the number of operations costs more than the operations. */
    private static final long SMALL = 4096;

    private static final double LN2 = Math.log(2);

    /**
     * The greatest width of rows whose sum by one product is as exact as any, whatever they hold.
     */
    private static final long EXACT_WIDTH = 64;

    /** The least width of rows whose sum by a product is fast. */
    private static final long MIN_WIDTH = 16;

    private Nd() {}

    // --------------------------------------------------------------------- making and reading

    /**
     * Returns a literal in the precision of an array. A {@code double} literal turns a 0-d FLOAT32
     * array into FLOAT64 on some engines; this one never does.
     *
     * @param array the array that the literal is combined with
     * @param value the literal
     * @return a {@link Double} for FLOAT64 arrays, else a {@link Float}
     */
    public static Number num(NDArray array, double value) {
        if (array.getDataType() == DataType.FLOAT64) {
            return value;
        }
        return (float) value;
    }

    /**
     * Multiplies an array that carries a gradient with a literal. On some engines {@code
     * x.mul(Number)} keeps the literal for backward in memory of Java, which a garbage collection
     * between forward and backward may free: the gradient is then anything.
     *
     * @param x the array
     * @param factor the literal
     * @return the product, in the data type of {@code x}
     */
    public static NDArray mul(NDArray x, double factor) {
        return SHARES_BUFFERS.of(x.getManager())
                ? x.mul(literal(x, factor))
                : x.mul(num(x, factor));
    }

    /**
     * Divides an array that carries a gradient by a literal; see {@link #mul}.
     *
     * @param x the array
     * @param divisor the literal
     * @return the quotient, in the data type of {@code x}
     */
    public static NDArray div(NDArray x, double divisor) {
        return SHARES_BUFFERS.of(x.getManager())
                ? x.div(literal(x, divisor))
                : x.div(num(x, divisor));
    }

    /**
     * Raises an array that carries a gradient to a power that is a literal; see {@link #mul}.
     *
     * @param x the array
     * @param exponent the literal
     * @return the power, in the data type of {@code x}
     */
    public static NDArray pow(NDArray x, double exponent) {
        return SHARES_BUFFERS.of(x.getManager())
                ? x.pow(literal(x, exponent))
                : x.pow(num(x, exponent));
    }

    private static NDArray literal(NDArray like, double value) {
        NDManager manager = like.getManager();
        if (like.getDataType() == DataType.FLOAT32) {
            return manager.full(new Shape(), (float) value);
        }
        return create(manager, new double[] {value}, new Shape(), like.getDataType());
    }

    /**
     * Creates a floating-point array. Unlike {@code NDManager.create(float[])} this is safe from
     * the garbage collector on every engine: the native side reads a buffer that is held until it
     * has been read, and then has memory of its own, for as long as a graph needs it.
     *
     * @param manager the manager of the new array
     * @param values the values in row-major order
     * @param shape the shape of the new array
     * @param dataType {@link DataType#FLOAT32} or {@link DataType#FLOAT64}
     * @return the new array
     */
    public static NDArray create(
            NDManager manager, double[] values, Shape shape, DataType dataType) {
        ByteBuffer buffer = buffer(values.length, dataType);
        if (dataType == DataType.FLOAT64) {
            buffer.asDoubleBuffer().put(values);
        } else {
            for (double value : values) {
                buffer.putFloat((float) value);
            }
            buffer.rewind();
        }
        return create(manager, buffer, shape, dataType);
    }

    /**
     * Creates a FLOAT32 array, safe from the garbage collector on every engine.
     *
     * @param manager the manager of the new array
     * @param values the values in row-major order
     * @param shape the shape of the new array
     * @return the new array
     */
    public static NDArray create(NDManager manager, float[] values, Shape shape) {
        ByteBuffer buffer = buffer(values.length, DataType.FLOAT32);
        buffer.asFloatBuffer().put(values);
        return create(manager, buffer, shape, DataType.FLOAT32);
    }

    /**
     * Creates an INT64 array, safe from the garbage collector on every engine.
     *
     * @param manager the manager of the new array
     * @param values the values in row-major order
     * @param shape the shape of the new array
     * @return the new array
     */
    public static NDArray create(NDManager manager, long[] values, Shape shape) {
        ByteBuffer buffer = buffer(values.length, DataType.INT64);
        buffer.asLongBuffer().put(values);
        return create(manager, buffer, shape, DataType.INT64);
    }

    /** Makes a FLOAT32 array for a trial of an engine. */
    private static NDArray vector(NDManager manager, double... values) {
        return create(manager, values, new Shape(values.length), DataType.FLOAT32);
    }

    private static ByteBuffer buffer(int length, DataType dataType) {
        return ByteBuffer.allocateDirect(Math.multiplyExact(length, dataType.getNumOfBytes()))
                .order(ByteOrder.nativeOrder());
    }

    private static NDArray create(
            NDManager manager, ByteBuffer buffer, Shape shape, DataType dataType) {
        try {
            NDArray array = manager.create(buffer, shape, dataType);
            if (!SHARES_BUFFERS.of(manager)) {
                return array;
            }
            // A graph may use the values after the array, and with it the buffer, is gone.
            NDArray copy = array.duplicate();
            array.close();
            return copy;
        } finally {
            Reference.reachabilityFence(buffer);
        }
    }

    /**
     * Reads an array of any numeric or boolean type into Java. Floating-point values are truncated
     * toward zero; NaN and values beyond the range of {@code long} become {@link Long#MIN_VALUE}.
     *
     * @param array the array, which this waits for
     * @return its values in row-major order
     */
    public static long[] toLongs(NDArray array) {
        int size = Math.toIntExact(array.size());
        long[] values = new long[size];
        if (size == 0) {
            return values;
        }
        ByteBuffer bytes = bytes(array);
        switch (array.getDataType()) {
            case INT64 -> bytes.asLongBuffer().get(values);
            case INT32 -> Arrays.setAll(values, i -> bytes.getInt(bytes.position() + 4 * i));
            case UINT8, BOOLEAN ->
                    Arrays.setAll(values, i -> bytes.get(bytes.position() + i) & 0xff);
            case INT8 -> Arrays.setAll(values, i -> bytes.get(bytes.position() + i));
            default -> {
                double[] doubles = toDoubles(array);
                // Written so that NaN takes the second branch.
                Arrays.setAll(
                        values,
                        i -> Math.abs(doubles[i]) < 0x1p63 ? (long) doubles[i] : Long.MIN_VALUE);
            }
        }
        return values;
    }

    /** Returns the memory of an array, or a copy, which is to be read while the array lives. */
    private static ByteBuffer bytes(NDArray array) {
        return array.toByteBuffer(true).order(ByteOrder.nativeOrder());
    }

    /**
     * Reads an array of any numeric or boolean type into Java.
     *
     * @param array the array, which this waits for
     * @return its values in row-major order
     */
    public static double[] toDoubles(NDArray array) {
        int size = Math.toIntExact(array.size());
        double[] values = new double[size];
        if (size == 0) {
            return values;
        }
        DataType type = array.getDataType();
        if (type == DataType.FLOAT64) {
            bytes(array).asDoubleBuffer().get(values);
        } else if (type.isFloating()) {
            NDArray wide = array.toType(DataType.FLOAT32, false);
            ByteBuffer bytes = bytes(wide);
            for (int i = 0; i < size; i++) {
                values[i] = bytes.getFloat(bytes.position() + 4 * i);
            }
            if (wide != array) {
                wide.close();
            }
        } else {
            long[] longs = toLongs(array);
            for (int i = 0; i < size; i++) {
                values[i] = longs[i];
            }
        }
        return values;
    }

    /**
     * Returns an array as a constant in the type of another: no gradient flows into it.
     *
     * @param array the array, of any type
     * @param like the array whose data type is wanted
     * @return a detached array, which may share the memory of {@code array}
     */
    public static NDArray constant(NDArray array, NDArray like) {
        return cast(array.stopGradient(), like);
    }

    /**
     * Returns an array in the type of another. Where the type differs the gradient is lost, so an
     * array that learns must have the type already.
     *
     * @param array the array, of any type
     * @param like the array whose data type is wanted
     * @return {@code array} itself where it has the type
     */
    public static NDArray cast(NDArray array, NDArray like) {
        return array.getDataType() == like.getDataType()
                ? array
                : array.toType(like.getDataType(), false);
    }

    /**
     * Widens an array to a larger floating-point type and keeps its gradient, which {@code toType}
     * loses on some engines.
     *
     * @param array the array
     * @param dataType the type to widen to
     * @return an array of that type, or {@code array} itself where it already is
     */
    public static NDArray widen(NDArray array, DataType dataType) {
        if (array.getDataType() == dataType) {
            return array;
        }
        return array.mul(array.getManager().ones(new Shape(1), dataType)).reshape(array.getShape());
    }

    // --------------------------------------------------------------------- memory

    /**
     * Computes an array and closes all others that were made on the way, also if it fails. The
     * result stays with its manager, and with the innermost scope of the caller, if there is one.
     *
     * @param computation computes the array
     * @return the array
     */
    public static NDArray scoped(Supplier<NDArray> computation) {
        NDArray result;
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            result = computation.get();
            NDScope.unregister(result);
        }
        NDScope.register(result);
        return result;
    }

    // --------------------------------------------------------------------- selecting

    /**
     * Selects element by element, with every argument broadcast to one shape first.
     *
     * @param mask the BOOLEAN condition
     * @param yes the values where it holds
     * @param no the values where it does not hold
     * @return the selection, of the shape that the three broadcast to
     */
    public static NDArray where(NDArray mask, NDArray yes, NDArray no) {
        Shape shape = broadcastShape(mask.getShape(), yes.getShape(), no.getShape());
        return NDArrays.where(fit(mask, shape), fit(yes, shape), fit(no, shape));
    }

    /**
     * Selects element by element between an array and a number.
     *
     * @param mask the BOOLEAN condition, broadcastable to the array
     * @param yes the values where it holds
     * @param no the number where it does not hold
     * @return the selection, of the shape of {@code yes}
     */
    public static NDArray where(NDArray mask, NDArray yes, double no) {
        NDArray other = no == 0 ? yes.zerosLike() : yes.onesLike().muli(num(yes, no));
        return NDArrays.where(fit(mask, yes.getShape()), yes, other);
    }

    /**
     * Returns the shape that the given shapes broadcast to.
     *
     * @param shapes the shapes
     * @return their common shape by the rules of NumPy
     * @throws IllegalArgumentException if they do not broadcast
     */
    public static Shape broadcastShape(Shape... shapes) {
        int rank = 0;
        for (Shape shape : shapes) {
            rank = Math.max(rank, shape.dimension());
        }
        long[] common = new long[rank];
        Arrays.fill(common, 1);
        for (Shape shape : shapes) {
            int offset = rank - shape.dimension();
            for (int i = 0; i < shape.dimension(); i++) {
                long size = shape.get(i);
                if (size != 1 && common[offset + i] != 1 && size != common[offset + i]) {
                    throw new IllegalArgumentException(
                            "shapes " + Arrays.toString(shapes) + " do not broadcast");
                }
                common[offset + i] = common[offset + i] == 1 ? size : common[offset + i];
            }
        }
        return new Shape(common);
    }

    private static NDArray fit(NDArray array, Shape shape) {
        return array.getShape().equals(shape) ? array : array.broadcast(shape);
    }

    /**
     * Picks one entry along axis 1 for every other position.
     *
     * @param scores an array of shape (N, C) or (N, C, d1, …, dK)
     * @param index INT64 indices in [0, C), of shape (N) or (N, d1, …, dK); they are not checked
     *     here, and an engine may wrap, clamp or abort on an index out of range
     * @return the picked entries, of the shape of {@code index}
     */
    public static NDArray pick(NDArray scores, NDArray index) {
        return Operators.serve(scores)
                ? Operators.pick(scores, index)
                : scores.get(new NDIndex().addAllDim().addPickDim(index.expandDims(1))).squeeze(1);
    }

    /**
     * Writes class indices as rows that are 1 at the index and 0 elsewhere.
     *
     * @param index INT64 indices of shape (N); the row of one out of range is 0
     * @param classes the number of classes C
     * @param like an array of the type that is wanted
     * @return a constant of shape (N, C)
     */
    public static NDArray oneHot(NDArray index, long classes, NDArray like) {
        if (Operators.serve(index)) {
            return index.oneHot((int) classes, 1, 0, like.getDataType());
        }
        NDArray range = index.getManager().arange(0, (int) classes, 1, DataType.INT64);
        try (NDArray equal = index.expandDims(1).eq(range)) {
            return equal.toType(like.getDataType(), false);
        }
    }

    // --------------------------------------------------------------------- functions

    /**
     * Returns the non-negative number of an axis.
     *
     * @param array the array
     * @param axis the axis, where −1 is the last
     * @return the axis counted from the first
     */
    public static int axis(NDArray array, int axis) {
        return Math.floorMod(axis, Math.max(1, array.getShape().dimension()));
    }

    /**
     * Returns log(softmax(x)) along an axis, exact to the last bits also where an engine's fused
     * operation is not.
     *
     * @param x the logits; −∞ is a class that cannot occur
     * @param axis the axis of the classes
     * @return the log-probabilities
     */
    public static NDArray logSoftmax(NDArray x, int axis) {
        int classAxis = axis(x, axis);
        if (x.size() == 0) {
            return x;
        }
        if (isLogSoftmaxExact(x, classAxis)) {
            return x.logSoftmax(classAxis);
        }
        if (isSmall(x) && Operators.serve(x)) {
            return Operators.logSoftmax(x, classAxis);
        }
        // What the fused operation is off by is constant along the axis: log Σ exp of its result.
        NDArray rough = x.logSoftmax(classAxis);
        NDArray excess = sumByProduct(rough.exp(), classAxis, true).log();
        return rough.sub(repeat(excess, classAxis, x.getShape()));
    }

    /**
     * Returns log(softmax(x)) of one class of each sample, as {@code pick(logSoftmax(x, 1), index)}
     * does, without computing the exact logarithm of all others.
     *
     * @param x the logits, of shape (N, C) or (N, C, d1, …, dK)
     * @param index INT64 indices in [0, C), of shape (N) or (N, d1, …, dK)
     * @return the log-probabilities, of the shape of {@code index}
     */
    public static NDArray logSoftmax(NDArray x, NDArray index) {
        if (isLogSoftmaxExact(x) || x.size() < SMALL) {
            return pick(logSoftmax(x, 1), index);
        }
        return logSoftmax(x, x.softmax(1), index);
    }

    /**
     * Returns log(softmax(x)) of one class of each sample, where the softmax is at hand.
     *
     * @param x the logits, of shape (N, C) or (N, C, d1, …, dK)
     * @param prob their softmax over axis 1
     * @param index INT64 indices in [0, C), of shape (N) or (N, d1, …, dK)
     * @return the log-probabilities, of the shape of {@code index}
     */
    public static NDArray logSoftmax(NDArray x, NDArray prob, NDArray index) {
        // The fused softmax is exact, and so is its logarithm where it does not underflow.
        if (!Recorder.isRecorded(x)) {
            NDArray picked = pick(prob, index);
            if (Speculation.on(() -> isNormal(picked))) {
                return picked.log();
            }
        }
        NDArray top = x.stopGradient().argMax(1);
        return pick(x, index).sub(pick(x, top)).add(pick(prob, top).log());
    }

    /**
     * Returns Σ q · log(softmax(x)) over all samples and classes of constants, exact also where the
     * fused operation is not, at less than the price of {@link #logSoftmax(NDArray, int)}.
     *
     * @param x the logits, of shape (N, C) or (N, C, d1, …, dK)
     * @param prob their softmax over axis 1
     * @param q the factors, of the shape of {@code x}
     * @param sums the sums of {@code q} over axis 1, which stays with size 1
     * @return the 0-d sum
     */
    public static NDArray sumLogSoftmax(NDArray x, NDArray prob, NDArray q, NDArray sums) {
        try (NDArray rough = x.logSoftmax(1)) {
            NDArray excess = excess(rough, x, prob);
            // Where an excess is 0, an infinite sum would make it NaN.
            excess.muli(sums.squeeze(1).clip(-1e38f, 1e38f));
            return sumOfConstant(rough.muli(q)).sub(sumOfConstant(excess));
        }
    }

    /**
     * Returns {@link #sumLogSoftmax(NDArray, NDArray, NDArray, NDArray)} of factors that are the
     * same for all classes but one of each sample, without an array of them.
     *
     * @param x the logits, of shape (N, C) or (N, C, d1, …, dK)
     * @param prob their softmax over axis 1
     * @param index INT64 indices in [0, C), of shape (N) or (N, d1, …, dK)
     * @param all what every class counts
     * @param own what the class of the index counts more
     * @return the 0-d sum
     */
    public static NDArray sumLogSoftmax(
            NDArray x, NDArray prob, NDArray index, double all, double own) {
        try (NDArray rough = x.logSoftmax(1)) {
            NDArray excess = excess(rough, x, prob);
            excess.muli(num(x, all * x.getShape().get(1) + own));
            NDArray picked = pick(rough, index).muli(num(x, own)).subi(excess);
            return sumOfConstant(rough).muli(num(x, all)).addi(sumOfConstant(picked));
        }
    }

    /** Returns by how much a fused log-softmax is too large, the same for all classes. */
    private static NDArray excess(NDArray rough, NDArray x, NDArray prob) {
        Shape shape = x.getShape().slice(0, 1).addAll(x.getShape().slice(2));
        NDArray one = x.getManager().zeros(shape, DataType.INT64);
        if (!isNormal(pick(prob, one))) {
            one = x.argMax(1);
        }
        return pick(rough, one).subi(pick(prob, one).log());
    }

    /** Tells whether no probability is close to 0; false where a look would wait for a device. */
    private static boolean isNormal(NDArray prob) {
        if (prob.getDevice().isGpu()) {
            return false;
        }
        for (double value : toDoubles(prob.stopGradient())) {
            if (!(value > 1e-30)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Tells whether the engine's fused log-softmax along axis 1 is as exact as its element-wise
     * operations, so that no other way to a logarithm of a softmax pays.
     *
     * @param x the logits
     * @return whether it is
     */
    public static boolean isLogSoftmaxExact(NDArray x) {
        return isLogSoftmaxExact(x, 1);
    }

    private static boolean isLogSoftmaxExact(NDArray x, int axis) {
        if (x.getDataType() == DataType.FLOAT64) {
            return true;
        }
        Trait trait =
                axis == x.getShape().dimension() - 1 ? EXACT_LOG_SOFTMAX : EXACT_INNER_LOG_SOFTMAX;
        return trait.of(x.getManager());
    }

    /**
     * Returns the sum of all values, also where some are infinite: a compensated sum, as some
     * engines compute it, is NaN there.
     *
     * @param x the array
     * @return the 0-d sum
     */
    public static NDArray sum(NDArray x) {
        return x.size() == 0 || SUMS_INFINITIES.of(x.getManager()) ? x.sum() : total(x);
    }

    /**
     * Returns the sum of all values of a constant, in fewer passes than {@link #sum(NDArray)}.
     *
     * @param x the array, detached
     * @return the 0-d sum
     */
    public static NDArray sumOfConstant(NDArray x) {
        if (SUMS_INFINITIES.of(x.getManager()) || !Operators.serve(x) || x.size() == 0) {
            return sum(x);
        }
        if (x.size() < LARGE || x.size() % EXACT_WIDTH != 0) {
            return Operators.total(x);
        }
        try (NDArray rows = x.reshape(-1, EXACT_WIDTH);
                NDArray sums = rows.dot(ones(rows, EXACT_WIDTH))) {
            return Operators.total(sums);
        }
    }

    private static NDArray total(NDArray x) {
        if (!Operators.serve(x)) {
            return totalByProducts(x);
        }
        if (isSmall(x)) {
            return Operators.total(x);
        }
        // The value of the one, which is exact, with the gradient of the other, which is fast.
        NDArray sum = totalByProducts(x);
        return overwrite(sum, sumOfConstant(x.stopGradient()));
    }

    /** Sums by products with ones: row by row, to lose few digits. */
    private static NDArray totalByProducts(NDArray x) {
        Shape shape = x.getShape();
        long width = shape.isScalar() ? 1 : shape.tail();
        if (shape.dimension() > 1 && width >= MIN_WIDTH) {
            return totalByProducts(x.dot(ones(x, width)));
        }
        width = divisor(x.size());
        if (width >= MIN_WIDTH && width < x.size()) {
            return totalByProducts(x.reshape(-1, width));
        }
        NDArray flat = flat(x);
        return flat.dot(ones(flat, flat.size()));
    }

    /** Tells whether the number of operations counts more than what one takes. */
    private static boolean isSmall(NDArray x) {
        return x.size() < SMALL || Recorder.isRecorded(x);
    }

    /** Returns the largest divisor of a number that is the width of a short row. */
    private static long divisor(long number) {
        long width = ROW;
        while (number % width != 0) {
            width--;
        }
        return width;
    }

    /**
     * Returns the mean of all elements, also where some are infinite.
     *
     * @param x the array, not empty
     * @return a 0-d array, {@code x} itself if it is one
     */
    public static NDArray mean(NDArray x) {
        if (x.getShape().isScalar()) {
            return x;
        }
        return SUMS_INFINITIES.of(x.getManager()) ? x.mean() : div(total(x), x.size());
    }

    /**
     * Returns Σ x² of a constant, with fewer passes over a large array than {@code sum(x.square())}
     * where an engine's norm is as exact.
     *
     * @param x the array, detached
     * @return the 0-d sum
     */
    public static NDArray sumOfSquares(NDArray x) {
        // Rows so short that a plain sum of their squares is exact.
        long width = Math.min(Long.lowestOneBit(x.size()), ROW);
        if (width == ROW && x.size() >= LARGE && SUMS_INFINITIES.of(x.getManager())) {
            return x.reshape(-1, width).norm(new int[] {1}).square().sum();
        }
        try (NDArray squares = x.square()) {
            return sumOfConstant(squares);
        }
    }

    /**
     * Returns Σ |x| of a constant.
     *
     * @param x the array, detached
     * @return the 0-d sum
     */
    public static NDArray sumOfAbs(NDArray x) {
        try (NDArray sizes = x.abs()) {
            return sumOfConstant(sizes);
        }
    }

    /**
     * Returns the sums along an axis, also where some values are infinite.
     *
     * @param x the array
     * @param axis the axis, which is removed
     * @return the sums
     */
    public static NDArray sum(NDArray x, int axis) {
        return sum(x, axis, false);
    }

    /**
     * Returns the sums along an axis, also where some values are infinite.
     *
     * @param x the array
     * @param axis the axis
     * @param keepDims whether the axis stays, with size 1
     * @return the sums
     */
    public static NDArray sum(NDArray x, int axis, boolean keepDims) {
        int summed = axis(x, axis);
        if (SUMS_INFINITIES.of(x.getManager())) {
            return x.sum(new int[] {summed}, keepDims);
        }
        if (!Operators.serve(x)) {
            return sumByProduct(x, summed, keepDims);
        }
        if (isSmall(x)) {
            return keepDims || x.getShape().dimension() > 1
                    ? Operators.sumOfFew(x, summed, keepDims)
                    : Operators.total(x);
        }
        if (x.getShape().get(summed) <= EXACT_WIDTH) {
            return sumByProduct(x, summed, keepDims);
        }
        NDArray sums = sumByProduct(x, summed, false);
        sums = overwrite(sums, Operators.sum(x.stopGradient(), summed));
        return keepDims ? sums.expandDims(summed) : sums;
    }

    /**
     * Returns the sums of a constant along an axis, which stays with size 1, in fewer passes than
     * {@link #sum(NDArray, int, boolean)}.
     *
     * @param x the array, detached
     * @param axis the axis
     * @return the sums
     */
    public static NDArray sumOfConstant(NDArray x, int axis) {
        int summed = axis(x, axis);
        return SUMS_INFINITIES.of(x.getManager())
                        || !Operators.serve(x)
                        || isSmall(x)
                        || x.getShape().get(summed) <= EXACT_WIDTH
                ? sum(x, summed, true)
                : Operators.sum(x, summed).expandDims(summed);
    }

    /**
     * Returns Σ x·y of constants along the last axis, which stays with size 1, without an array of
     * the products where an engine needs none.
     *
     * @param x an array, detached
     * @param y an array of the same shape, detached
     * @return the sums
     */
    public static NDArray dotOfConstants(NDArray x, NDArray y) {
        if (Operators.serve(x)) {
            return Operators.dot(x, y).expandDims(-1);
        }
        try (NDArray products = x.mul(y)) {
            return sum(products, -1, true);
        }
    }

    /** Sums along an axis by a product with ones: fast on any engine. */
    private static NDArray sumByProduct(NDArray x, int axis, boolean keepDims) {
        Shape shape = x.getShape();
        long size = shape.get(axis);
        NDArray sums;
        if (axis == shape.dimension() - 1) {
            sums = x.dot(ones(x, size));
        } else {
            long rows = shape.slice(0, axis).size();
            Shape rest = shape.slice(0, axis).addAll(shape.slice(axis + 1));
            sums = ones(x, rows, 1, size).matMul(x.reshape(rows, size, -1)).reshape(rest);
        }
        return keepDims ? sums.expandDims(axis) : sums;
    }

    /** Repeats an axis of size 1 to a shape, as {@link #sumByProduct} does it in reverse. */
    private static NDArray repeat(NDArray x, int axis, Shape shape) {
        long size = shape.get(axis);
        long rows = shape.slice(0, axis).size();
        NDArray product =
                axis == shape.dimension() - 1
                        ? x.reshape(rows, 1).matMul(ones(x, 1, size))
                        : ones(x, rows, size, 1).matMul(x.reshape(rows, 1, -1));
        return product.reshape(shape);
    }

    private static NDArray ones(NDArray like, long... shape) {
        return like.getManager().ones(new Shape(shape), like.getDataType());
    }

    /**
     * Returns log Σ exp(x) along an axis, without overflow.
     *
     * @param x the array
     * @param axis the axis, which is removed
     * @return the logarithm of the sum of exponentials
     */
    public static NDArray logSumExp(NDArray x, int axis) {
        int[] axes = {axis(x, axis)};
        NDArray max = x.max(axes, true).stopGradient();
        return x.sub(max).exp().sum(axes, true).log().add(max).squeeze(axes[0]);
    }

    /**
     * Returns log(1 + u) with full precision and the right gradient near 0.
     *
     * @param u the argument, in [−1, 1]
     * @return the logarithm
     */
    public static NDArray log1p(NDArray u) {
        if (Operators.serve(u)) {
            return Operators.log1p(u);
        }
        // log(r) where 1 + u rounds to r, and what the rounding lost, as its logarithm is near 1.
        NDArray rounded = u.add(num(u, 1));
        try (NDArray gained = rounded.stopGradient().sub(num(u, 1)).subi(u.stopGradient());
                NDArray log = rounded.log()) {
            rounded.close();
            return log.sub(gained);
        }
    }

    /**
     * Returns log(1 + exp(x)) without overflow, with the gradient σ(x) everywhere, 0 included.
     *
     * @param x the argument
     * @return the softplus
     */
    public static NDArray softplus(NDArray x) {
        if (x.getDataType() == DataType.FLOAT32 && EXACT_SOFTPLUS.of(x.getManager())) {
            return Activation.softPlus(x);
        }
        if (x.getDataType() == DataType.FLOAT32 && Operators.serve(x)) {
            return Operators.softplus(x);
        }
        // −|x|, but with gradient 1 at 0: with abs(), whose gradient is 0 there, the sum of the two
        // terms would have gradient 0 at 0 instead of ½.
        NDArray minusAbs = NDArrays.where(x.gt(0), x.neg(), x);
        return relu(x).add(log1p(minusAbs.exp()));
    }

    /**
     * Returns Σ log(1 + exp(x)) of a constant, with fewer passes and less memory than the sum of
     * {@link #softplus} where an engine has no exact operation for it.
     *
     * @param x the arguments, detached
     * @return the 0-d sum
     */
    public static NDArray sumOfSoftplus(NDArray x) {
        if (x.getDataType() == DataType.FLOAT32 && EXACT_SOFTPLUS.of(x.getManager())) {
            try (NDArray softplus = Activation.softPlus(x)) {
                return sumOfConstant(softplus);
            }
        }
        NDArray sum = sumOfSoftplusOfNegative(x.abs().negi());
        try (NDArray positive = positivePart(x)) {
            return sum.addi(sumOfConstant(positive));
        }
    }

    /**
     * Returns Σ log(1 + exp(x)) of a constant that is nowhere positive; see {@link
     * #softplusOfNegative}.
     *
     * @param x the arguments, at most 0, detached; it is closed
     * @return the 0-d sum
     */
    public static NDArray sumOfSoftplusOfNegative(NDArray x) {
        if (EXACT_SOFTPLUS.of(x.getManager()) || !Operators.serve(x)) {
            try (NDArray softplus = softplusOfNegative(x)) {
                return sumOfConstant(softplus);
            }
        }
        Operators.sigmoidInPlace(x);
        try (NDArray sums = minusLogOfRest(eitherOf(eitherOf(x)))) {
            return sumOfConstant(sums);
        }
    }

    /**
     * Returns log(1 + exp(x)) of a constant that is nowhere positive: the small part of {@code
     * softplus(x) = max(x, 0) + softplusOfNegative(−|x|)}, which is exact to the last bits in every
     * precision.
     *
     * @param x the argument, at most 0, detached; it is closed, or its memory becomes the result
     * @return the softplus
     */
    public static NDArray softplusOfNegative(NDArray x) {
        if (EXACT_SOFTPLUS.of(x.getManager())) {
            try (x) {
                return Activation.softPlus(x);
            }
        }
        if (!Operators.serve(x)) {
            try (x;
                    NDArray exp = x.exp()) {
                return log1p(exp);
            }
        }
        // The logistic function and the logarithm to base 2 are what these engines compute fastest.
        Operators.sigmoidInPlace(x);
        return minusLogOfRest(x);
    }

    /** Returns −log(1 − p) in the place of p, which is in [0, 1). */
    private static NDArray minusLogOfRest(NDArray p) {
        Number one = num(p, 1);
        try (NDArray rest = p.neg().addi(one)) {
            // What the rounding of 1 − p lost counts as its logarithm does near 1.
            p.addi(rest.subi(one));
            rest.addi(one);
            Operators.log2InPlace(rest);
            return p.subi(rest.muli(num(p, LN2)));
        }
    }

    /**
     * Returns p + q − p q of the two halves p and q of probabilities, so that 1 − (p + q − p q) is
     * (1 − p) (1 − q), with all digits of small ones: one logarithm serves for the two.
     */
    private static NDArray eitherOf(NDArray p) {
        Shape shape = p.getShape();
        int axis = 0;
        while (axis < shape.dimension() && shape.get(axis) % 2 != 0) {
            axis++;
        }
        if (axis == shape.dimension()) {
            return p;
        }
        long half = shape.get(axis) / 2;
        try (p;
                NDArray second = Operators.slice(p, axis, half, 2 * half)) {
            NDArray first = Operators.slice(p, axis, 0, half);
            try (NDArray both = first.mul(second)) {
                return first.addi(second).subi(both);
            }
        }
    }

    /**
     * Returns max(x, 0) of a constant.
     *
     * @param x the argument, detached; of NaN an engine may make 0
     * @return a new array
     */
    public static NDArray positivePart(NDArray x) {
        return Operators.serve(x) ? Operators.positivePart(x) : x.maximum(num(x, 0));
    }

    /**
     * Returns 1 − x.
     *
     * @param x the argument
     * @return a new array
     */
    public static NDArray complement(NDArray x) {
        return Operators.serve(x) ? Operators.complement(x) : x.neg().add(num(x, 1));
    }

    /**
     * Returns log σ(x) without overflow.
     *
     * @param x the argument
     * @return the logarithm of the logistic function
     */
    public static NDArray logSigmoid(NDArray x) {
        return softplus(x.neg()).neg();
    }

    /**
     * Returns the logistic function σ(x) = 1 / (1 + exp(−x)).
     *
     * @param x the argument
     * @return a value in [0, 1]
     */
    public static NDArray sigmoid(NDArray x) {
        return x.size() == 0 ? x : Activation.sigmoid(x); // empty is an error on some engines
    }

    /**
     * Returns max(x, 0) with gradient 0 at 0; NaN stays NaN.
     *
     * @param x the argument
     * @return the rectified argument
     */
    public static NDArray relu(NDArray x) {
        return Operators.serve(x) ? Operators.relu(x) : NDArrays.where(x.lte(0), x.zerosLike(), x);
    }

    /**
     * Returns max(x, 0) with gradient 1 at 0, as PyTorch's {@code clamp_min(0)}; NaN stays NaN.
     *
     * @param x the argument
     * @return the clamped argument
     */
    public static NDArray clampMin0(NDArray x) {
        return NDArrays.where(x.lt(0), x.zerosLike(), x);
    }

    /**
     * Returns x · log(y), which is 0 where x is 0, whatever y.
     *
     * @param x the factor
     * @param y the argument of the logarithm
     * @return the product
     */
    public static NDArray xlogy(NDArray x, NDArray y) {
        NDArray zero = x.eq(0);
        return where(zero, x.zerosLike(), x.mul(where(zero, y.onesLike(), y).log()));
    }

    /**
     * Returns the Euclidean norm along an axis, with gradient 0 where it is 0.
     *
     * @param x the array
     * @param axis the axis
     * @param keepDims whether the axis stays, with size 1
     * @return the norm
     */
    public static NDArray norm(NDArray x, int axis, boolean keepDims) {
        NDArray squares = sum(x.square(), axis, keepDims);
        NDArray zero = squares.eq(0);
        NDArray root = where(zero, squares.onesLike(), squares).sqrt();
        return where(zero, squares.zerosLike(), root);
    }

    /**
     * Returns the p-norm (Σ |x|ᵖ)^(1/p) along an axis. As in PyTorch, components that are 0 and
     * norms that are 0 have gradient 0, and with p = ∞ equal maxima share the gradient evenly.
     *
     * @param x the array
     * @param p the order, greater than 0; {@link Double#POSITIVE_INFINITY} for the largest |x|
     * @param axis the axis, of at least one component
     * @param keepDims whether the axis stays, with size 1
     * @return the norm
     */
    public static NDArray norm(NDArray x, double p, int axis, boolean keepDims) {
        if (p == 2) {
            return norm(x, axis, keepDims);
        }
        NDArray size = x.abs();
        if (p == 1) {
            return sum(size, axis, keepDims);
        }
        if (p == Double.POSITIVE_INFINITY) {
            NDArray constant = size.stopGradient();
            NDArray isMax = cast(constant.eq(constant.max(new int[] {axis(x, axis)}, true)), x);
            return sum(size.mul(isMax), axis, keepDims).div(sum(isMax, axis, keepDims));
        }
        NDArray powers = p > 1 ? pow(size, p) : powerOrZero(size, p);
        return powerOrZero(sum(powers, axis, keepDims), 1 / p);
    }

    /** Returns xᵖ, where 0 gives 0 with gradient 0. */
    private static NDArray powerOrZero(NDArray x, double p) {
        NDArray zero = x.eq(0);
        NDArray power = pow(where(zero, x.onesLike(), x), p);
        return where(zero, x.zerosLike(), power);
    }

    /**
     * Returns the smaller of two arrays of equal shape; where they are equal, each gets half of the
     * gradient, as with PyTorch's {@code minimum}.
     *
     * @param x an array
     * @param y an array
     * @return the minimum; NaN where either is NaN
     */
    public static NDArray minimum(NDArray x, NDArray y) {
        return where(x.eq(y), mul(x.add(y), 0.5), x.minimum(y));
    }

    /**
     * Returns 1 where a constant is less than a number, and 0 elsewhere.
     *
     * @param x the array, detached
     * @param number the number
     * @return a new array in the data type of {@code x}
     */
    public static NDArray lt(NDArray x, double number) {
        return Operators.serve(x)
                ? Operators.withNumber("_lesser_scalar", x, number)
                : cast(x.lt(number), x);
    }

    /**
     * Returns 1 where a constant is not greater than a number, and 0 elsewhere.
     *
     * @param x the array, detached
     * @param number the number
     * @return a new array in the data type of {@code x}
     */
    public static NDArray lte(NDArray x, double number) {
        return Operators.serve(x)
                ? Operators.withNumber("_lesser_equal_scalar", x, number)
                : cast(x.lte(number), x);
    }

    /**
     * Returns the sign of a constant: −1, 0 or 1.
     *
     * @param x the array, detached
     * @return a new array
     */
    public static NDArray sign(NDArray x) {
        if (!Operators.serve(x) || x.getDataType() != DataType.FLOAT32) {
            return x.sign();
        }
        // Engines whose sign() asks element by element have a fast tanh, which is ±1 for large x.
        NDArray large = x.mul(1e38f).muli(1e38f);
        Operators.tanhInPlace(large);
        return large;
    }

    /**
     * Tells whether every value is finite; waits for the array.
     *
     * @param x the array
     * @return whether it holds neither NaN nor an infinity
     */
    public static boolean allFinite(NDArray x) {
        if (x.size() == 0 || !x.getDataType().isFloating()) {
            return true;
        }
        if (x.size() < SMALL && !x.getDevice().isGpu()) {
            boolean finite = true;
            if (x.getDataType() == DataType.FLOAT32) {
                FloatBuffer values = bytes(x).asFloatBuffer();
                for (int i = 0; i < values.limit(); i++) {
                    finite &= Float.isFinite(values.get(i));
                }
            } else {
                for (double value : toDoubles(x)) {
                    finite &= Double.isFinite(value);
                }
            }
            return finite;
        }
        NDArray constant = x.stopGradient();
        return constant.sub(constant).eq(0).all().getBoolean();
    }

    /**
     * Tells whether every value is known to be finite: false where a look would wait for a device.
     *
     * @param x the array
     * @return whether it holds neither NaN nor an infinity, and is in the memory of the processor
     */
    public static boolean isKnownFinite(NDArray x) {
        return !x.getDevice().isGpu() && allFinite(x);
    }

    // --------------------------------------------------------------------- gradients

    /**
     * Gives a value a gradient of your own: the result has exactly the given value and passes
     * exactly {@code scale · gradientᵢ} times what comes from above to each {@code xᵢ}.
     *
     * <p>One inner product carries the gradient. Its own value, which may be large, infinite or
     * NaN, is then replaced in place, so the result is exact whatever {@code x} holds.
     *
     * @param value the 0-d value, of the data type of {@code x}
     * @param x the arrays to receive a gradient
     * @param gradients for each of them an array of the same shape, or null for none
     * @param scale a factor on all gradients
     * @return a 0-d array
     */
    public static NDArray withGradient(
            NDArray value, NDList x, @Nullable NDArray[] gradients, double scale) {
        NDArray carrier = null;
        for (int i = 0; i < gradients.length; i++) {
            NDArray gradient = gradients[i];
            if (gradient != null) {
                NDArray product = inner(carrier(x.get(i)), gradient.stopGradient());
                carrier = carrier == null ? product : carrier.add(product);
            }
        }
        if (carrier == null) {
            return value;
        }
        if (scale != 1) {
            carrier = mul(carrier, scale);
        }
        return overwrite(carrier, value.stopGradient());
    }

    /**
     * Returns zeros that pass {@code gradient} times what comes from above to {@code x}. Added to
     * values that were computed without a graph, they give each of them a gradient of your own.
     *
     * @param x the array to receive a gradient, of any values
     * @param gradient the derivative of each value, of the shape of {@code x}
     * @return zeros of the shape of {@code x}
     */
    public static NDArray zeroWithGradient(NDArray x, NDArray gradient) {
        NDArray product = carrier(x).mul(gradient.stopGradient());
        return overwrite(product, product.stopGradient().zerosLike());
    }

    /**
     * Gives every value of an array a gradient of its own: {@code valueᵢ} passes what comes from
     * above times {@code gradient} to the part of {@code x} that it was computed from.
     *
     * @param values the values, whose shape is that of {@code x} without {@code axes}
     * @param x the array to receive a gradient
     * @param gradient an array of the shape of {@code x}
     * @param axes the axes of {@code x} that values were summed over
     * @return an array that has exactly the given values, whatever {@code x} holds
     */
    public static NDArray withGradient(NDArray values, NDArray x, NDArray gradient, int... axes) {
        NDArray product = carrier(x).mul(gradient.stopGradient()).sum(axes);
        return overwrite(product, values.stopGradient());
    }

    /** Returns an array whose product carries a gradient, until its value is overwritten. */
    private static NDArray carrier(NDArray x) {
        return Recorder.isRecorded(x) ? Operators.signPassingGradient(x) : x;
    }

    /** Replaces the values of a {@link #carrier}'s product and keeps its gradient. */
    private static NDArray overwrite(NDArray array, NDArray values) {
        if (Recorder.isRecorded(array)) {
            NDArray finite = Operators.signPassingGradient(array); // ∞ − ∞ would be NaN
            return finite.sub(finite.stopGradient()).add(values);
        }
        // x⁰ = 1 for every x, NaN and infinities included: the only way to overwrite memory that
        // works on every engine without waiting for the device.
        array.stopGradient().powi(num(array, 0)).muli(values);
        return array;
    }

    /** Returns the sum of the products of two arrays of equal shape. */
    private static NDArray inner(NDArray x, NDArray y) {
        return Operators.serve(x) ? Operators.inner(x, y) : flat(x).dot(flat(y));
    }

    private static NDArray flat(NDArray x) {
        return x.getShape().dimension() == 1 ? x : x.reshape(-1);
    }
}
