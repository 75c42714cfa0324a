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
 * The base class of {@link io.djlosses.nd.Nd}: creating and reading arrays, numbers in the type of
 * an array, data types and scopes. Do not use it directly: call these methods on {@code Nd}.
 */
public abstract class NdBase {

    /** For {@code Nd} only: all methods are static. */
    protected NdBase() {}

    /** Whether an engine computes in the buffer from which an array is created. */
    private static final Trait SHARES_BUFFERS =
            new Trait(
                    probe -> {
                        ByteBuffer buffer = buffer(1, DataType.FLOAT32);
                        NDArray array = probe.create(buffer, new Shape(1), DataType.FLOAT32);
                        buffer.putFloat(0, 1);
                        return toDoubles(array)[0] == 1;
                    });

    /**
     * Returns a number in the precision of an array. On some engines a {@code double} turns a 0-d
     * FLOAT32 array into FLOAT64; this number never does.
     *
     * @param array the array with which the number is combined
     * @param value the number
     * @return a {@link Double} for FLOAT64 arrays, otherwise a {@link Float}
     */
    public static Number num(NDArray array, double value) {
        if (array.getDataType() == DataType.FLOAT64) {
            return value;
        }
        return (float) value;
    }

    /**
     * Multiplies an array that carries a gradient by a number. On some engines {@code
     * x.mul(Number)} keeps the number for the backward pass in Java memory, which a garbage
     * collection between forward and backward pass may free: the gradient is then arbitrary.
     *
     * @param x the array
     * @param factor the number
     * @return the product, in the data type of {@code x}
     */
    public static NDArray mul(NDArray x, double factor) {
        return SHARES_BUFFERS.of(x.getManager())
                ? x.mul(literal(x, factor))
                : x.mul(num(x, factor));
    }

    /**
     * Divides an array that carries a gradient by a number; see {@link #mul}.
     *
     * @param x the array
     * @param divisor the number
     * @return the quotient, in the data type of {@code x}
     */
    public static NDArray div(NDArray x, double divisor) {
        return SHARES_BUFFERS.of(x.getManager())
                ? x.div(literal(x, divisor))
                : x.div(num(x, divisor));
    }

    /**
     * Raises an array that carries a gradient to a power; see {@link #mul}.
     *
     * @param x the array
     * @param exponent the exponent
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
     * the garbage collector on every engine: the buffer is held until the engine has read it, and
     * then the engine has its own memory, as long as a graph needs it.
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
            // A graph may use the values after the array, and with it the buffer, has been freed.
            NDArray copy = array.duplicate();
            array.close();
            return copy;
        } finally {
            Reference.reachabilityFence(buffer);
        }
    }

    /**
     * Reads an array of any numeric or boolean type into Java. Floating-point values that are no
     * whole numbers, or beyond the range of {@code long}, become {@link Long#MIN_VALUE}.
     *
     * @param array the array; the method waits for it
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
                // NaN and numbers beyond the range come back as another number.
                Arrays.setAll(
                        values,
                        i -> {
                            long whole = (long) doubles[i];
                            return whole == doubles[i] ? whole : Long.MIN_VALUE;
                        });
            }
        }
        return values;
    }

    /** Returns the memory of an array, or a copy of it; read it while the array is open. */
    static ByteBuffer bytes(NDArray array) {
        return array.toByteBuffer(true).order(ByteOrder.nativeOrder());
    }

    /**
     * Reads an array of any numeric or boolean type into Java.
     *
     * @param array the array; the method waits for it
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
     * Returns an array as a constant with the data type of another: no gradient flows into it.
     *
     * @param array the array, of any type
     * @param like an array with the data type of the result
     * @return a detached array, which may share the memory of {@code array}
     */
    public static NDArray constant(NDArray array, NDArray like) {
        return cast(array.stopGradient(), like);
    }

    /**
     * Returns an array with the data type of another. A conversion loses the gradient, so an array
     * that receives a gradient must have the type already.
     *
     * @param array the array, of any type
     * @param like an array with the data type of the result
     * @return {@code array} itself if it has the type already
     */
    public static NDArray cast(NDArray array, NDArray like) {
        return array.getDataType() == like.getDataType()
                ? array
                : array.toType(like.getDataType(), false);
    }

    /**
     * Converts an array to a wider floating-point type and keeps its gradient, which {@code toType}
     * loses on some engines.
     *
     * @param array the array
     * @param dataType the wider type
     * @return an array of that type, or {@code array} itself if it has the type already
     */
    public static NDArray widen(NDArray array, DataType dataType) {
        if (array.getDataType() == dataType) {
            return array;
        }
        return array.mul(array.getManager().ones(new Shape(1), dataType)).reshape(array.getShape());
    }

    /**
     * Computes an array and closes all intermediate arrays, also if the computation fails. The
     * result belongs to its manager, and to the innermost scope of the caller, if there is one.
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
     * @return the axis, counted from the first
     */
    public static int axis(NDArray array, int axis) {
        return Math.floorMod(axis, Math.max(1, array.getShape().dimension()));
    }
}
