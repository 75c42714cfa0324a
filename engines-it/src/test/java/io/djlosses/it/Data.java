/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import io.djlosses.examples.catalog.Numbers;
import io.djlosses.nd.Nd;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * An array as plain numbers, for any engine.
 *
 * @param type the data type, {@code float} for that of the predictions
 * @param shape the shape
 * @param values the values in row-major order
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Data(String type, Shape shape, double[] values) {

    static Data of(JsonElement json) {
        JsonObject object = json.getAsJsonObject();
        String type = object.has("dtype") ? object.get("dtype").getAsString() : "float";
        JsonArray sizes = object.getAsJsonArray("shape");
        long[] shape =
                IntStream.range(0, sizes.size()).mapToLong(i -> sizes.get(i).getAsLong()).toArray();
        JsonArray data = object.getAsJsonArray("data");
        double[] values = new double[data.size()];
        // Infinities and NaN are strings, which Java reads too.
        Arrays.setAll(values, i -> Double.parseDouble(data.get(i).getAsString()));
        return new Data(type, new Shape(shape), values);
    }

    static Data of(Shape shape, double value) {
        double[] values = new double[Math.toIntExact(shape.size())];
        Arrays.fill(values, value);
        return new Data("float", shape, values);
    }

    static Data of(Numbers numbers) {
        return new Data(numbers.whole() ? "int64" : "float", numbers.shape(), numbers.values());
    }

    static NDList arrays(List<Data> data, NDManager manager, DataType floating) {
        NDList list = new NDList(data.size());
        data.forEach(one -> list.add(one.array(manager, floating)));
        return list;
    }

    boolean isFloating() {
        return type.equals("float");
    }

    NDArray array(NDManager manager, DataType floating) {
        if (isFloating()) {
            return Nd.create(manager, values, shape, floating);
        }
        long[] whole = Arrays.stream(values).mapToLong(value -> (long) value).toArray();
        NDArray array = Nd.create(manager, whole, shape);
        return type.equals("int64")
                ? array
                : array.toType(DataType.valueOf(type.toUpperCase(Locale.ROOT)), false);
    }

    Data as(String newType) {
        return new Data(newType, shape, values);
    }

    Data map(DoubleUnaryOperator function) {
        return new Data(type, shape, Arrays.stream(values).map(function).toArray());
    }

    Data with(int index, double value) {
        double[] copy = values.clone();
        copy[index] = value;
        return new Data(type, shape, copy);
    }

    boolean isZero() {
        return Arrays.stream(values).allMatch(value -> value == 0);
    }

    boolean isPositive() {
        return Arrays.stream(values).allMatch(value -> value > 0);
    }

    boolean isFinite() {
        return Arrays.stream(values).allMatch(Double::isFinite);
    }

    /** Joins arrays along their first axis. */
    static Data concat(List<Data> parts) {
        Data first = parts.get(0);
        long rows = parts.stream().mapToLong(part -> part.shape.get(0)).sum();
        double[] values =
                parts.stream().flatMapToDouble(part -> Arrays.stream(part.values)).toArray();
        return new Data(first.type, new Shape(rows).addAll(first.shape.slice(1)), values);
    }

    /** Takes the given positions of an axis, in their order. */
    Data take(int axis, int... positions) {
        long[] sizes = shape.getShape().clone();
        int outer = 1;
        int inner = 1;
        for (int i = 0; i < sizes.length; i++) {
            outer *= i < axis ? (int) sizes[i] : 1;
            inner *= i > axis ? (int) sizes[i] : 1;
        }
        double[] taken = new double[outer * positions.length * inner];
        for (int o = 0; o < outer; o++) {
            for (int p = 0; p < positions.length; p++) {
                int from = (o * (int) sizes[axis] + positions[p]) * inner;
                System.arraycopy(values, from, taken, (o * positions.length + p) * inner, inner);
            }
        }
        sizes[axis] = positions.length;
        return new Data(type, new Shape(sizes), taken);
    }
}
