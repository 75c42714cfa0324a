/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Arrays of no engine: they can be read, and fail for every operation. */
final class Stub {

    private Stub() {}

    /** Returns an array that has a shape and a type, and no values. */
    static NDArray of(Shape shape, DataType type) {
        return array(shape, type, new double[0]);
    }

    /** Returns a vector of FLOAT64. */
    static NDArray of(double... values) {
        return array(new Shape(values.length), DataType.FLOAT64, values);
    }

    private static NDArray array(Shape shape, DataType type, double[] values) {
        return (NDArray)
                Proxy.newProxyInstance(
                        Stub.class.getClassLoader(),
                        new Class<?>[] {NDArray.class},
                        (proxy, method, arguments) ->
                                switch (method.getName()) {
                                    case "getShape" -> shape;
                                    case "getDataType" -> type;
                                    case "size" -> shape.size();
                                    case "toByteBuffer" -> bytes(values);
                                    default -> throw new AssertionError(method + " was called");
                                });
    }

    private static ByteBuffer bytes(double[] values) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Double.BYTES * values.length).order(ByteOrder.nativeOrder());
        bytes.asDoubleBuffer().put(values);
        return bytes;
    }
}
