/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * What {@link io.djlosses.nd.Nd} stands on: making and reading arrays, literals, types and scopes.
 * Not for use: call these methods as those of {@code Nd}.
 */
public abstract class NdBase {

    /** Makes nothing: all methods are static. */
    protected NdBase() {}

    /** An engine computes in the buffer that an array is made from. */
    private static final Trait SHARES_BUFFERS =
            new Trait(
                    probe -> {
                        ByteBuffer buffer = buffer(1, DataType.FLOAT32);
                        NDArray array = probe.create(buffer, new Shape(1), DataType.FLOAT32);
                        buffer.putFloat(0, 1);
                        return toDoubles(array)[0] == 1;
                    });

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

    static ByteBuffer buffer(int length, DataType dataType) {
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
    static ByteBuffer bytes(NDArray array) {
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
}
