/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.function.DoublePredicate;

/**
 * Argument checks for losses. Every message names the loss, the argument, the requirement and the
 * value given.
 *
 * <p>NaN fails every check of a number.
 */
public final class Checks {

    private Checks() {}

    /**
     * Checks an argument.
     *
     * @param condition the condition that must hold
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param requirement the requirement, phrased to follow "must"
     * @param given the value given
     * @throws IllegalArgumentException if the condition does not hold
     */
    public static void require(
            boolean condition, String loss, String argument, String requirement, Object given) {
        if (!condition) {
            throw failure(loss, argument, requirement, given);
        }
    }

    /**
     * Returns the exception that {@link #require} throws, for checks in every evaluation, where
     * putting the message together costs time even if the check passes.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument or option
     * @param requirement the requirement, phrased to follow "must", such as "be positive"
     * @param given the value given
     * @return the exception
     */
    public static IllegalArgumentException failure(
            String loss, String argument, String requirement, Object given) {
        return message(loss, "%s must %s, but was %s", argument, requirement, given);
    }

    /**
     * Returns an exception with a message of another form than {@link #failure} has.
     *
     * @param loss the name of the loss
     * @param message the message, in which {@code %s} stands for each of the values
     * @param values the values
     * @return the exception
     */
    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
    public static IllegalArgumentException message(String loss, String message, Object... values) {
        return new IllegalArgumentException(loss + ": " + message.formatted(values));
    }

    /**
     * Requires that a list and all of its arrays are there, open and dense.
     *
     * @param loss the name of the loss
     * @param argument the name of the list
     * @param list the list
     */
    public static void arrays(String loss, String argument, @Nullable NDList list) {
        dense(loss, argument, open(loss, argument, list));
    }

    /** Requires that a list and all of its arrays are there and open, which asks no engine. */
    static NDList open(String loss, String argument, @Nullable NDList list) {
        if (list == null) {
            throw failure(loss, argument, "be a list of arrays", "null");
        }
        for (int i = 0; i < list.size(); i++) {
            open(loss, argument + "[" + i + "]", list.get(i));
        }
        return list;
    }

    /** Requires that open arrays are dense. */
    static void dense(String loss, String argument, NDList list) {
        for (int i = 0; i < list.size(); i++) {
            dense(loss, argument + "[" + i + "]", list.get(i));
        }
    }

    /**
     * Requires that an array is there, open and dense.
     *
     * @param loss the name of the loss
     * @param argument the name of the array
     * @param array the array
     */
    public static void array(String loss, String argument, @Nullable NDArray array) {
        dense(loss, argument, open(loss, argument, array));
    }

    private static NDArray open(String loss, String argument, @Nullable NDArray array) {
        if (array == null) {
            throw failure(loss, argument, "be an array", "null");
        }
        if (array.isReleased()) {
            throw failure(loss, argument, "be open", "closed, or its manager was");
        }
        return array;
    }

    private static void dense(String loss, String argument, NDArray array) {
        if (array.isSparse()) {
            throw failure(loss, argument, "be dense", array.getSparseFormat());
        }
    }

    /**
     * Checks the number of arrays in a list.
     *
     * @param loss the name of the loss
     * @param argument {@code labels} or {@code predictions}
     * @param list the list
     * @param contents what the list should hold, one word per array
     */
    public static void count(String loss, String argument, NDList list, String... contents) {
        if (list.size() != contents.length) {
            boolean isInput = "labels".equals(argument) || "predictions".equals(argument);
            throw message(
                    loss,
                    "%s must hold %d array%s [%s], but held %d%s",
                    argument,
                    contents.length,
                    contents.length == 1 ? "" : "s",
                    String.join(", ", contents),
                    list.size(),
                    isInput ? " (the order is evaluate(labels, predictions))" : "");
        }
    }

    /**
     * Checks that two shapes are equal.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param given its shape
     * @param required the required shape
     * @param why the reason for the requirement, such as {@code "match predictions[0]"}
     */
    public static void shape(
            String loss, String argument, Shape given, Shape required, String why) {
        if (!given.equals(required)) {
            String message = "%s must have shape %s to %s, but had shape %s";
            throw message(loss, message, argument, required, why, given);
        }
    }

    /**
     * Checks that a label has the shape of the prediction, ignoring axes of size 1.
     *
     * @param loss the name of the loss
     * @param label {@code labels[0]}
     * @param prediction {@code predictions[0]}
     */
    public static void sameElements(String loss, NDArray label, NDArray prediction) {
        Shape given = label.getShape();
        Shape required = prediction.getShape();
        if (!hasSameElements(given, required)) {
            shape(loss, "labels[0]", given, required, "match predictions[0]");
        }
    }

    /**
     * Returns whether shapes are equal, ignoring axes of size 1.
     *
     * @param given a shape
     * @param required another one
     * @return whether they are
     */
    public static boolean hasSameElements(Shape given, Shape required) {
        return given.equals(required) || Arrays.equals(withoutUnits(given), withoutUnits(required));
    }

    private static long[] withoutUnits(Shape shape) {
        return Arrays.stream(shape.getShape()).filter(size -> size != 1).toArray();
    }

    /**
     * Checks that shapes have the same rank and can be broadcast.
     *
     * @param loss the name of the loss
     * @param arguments the names of the arguments
     * @param shapes their shapes
     * @return the shape to which they are broadcast
     */
    public static Shape broadcast(String loss, String arguments, Shape... shapes) {
        boolean isOneRank = true;
        boolean isOneShape = true;
        for (Shape shape : shapes) {
            isOneRank &= shape.dimension() == shapes[0].dimension();
            isOneShape &= shape.equals(shapes[0]);
        }
        if (isOneShape) {
            return shapes[0];
        }
        try {
            if (isOneRank) {
                return Nd.broadcastShape(shapes);
            }
        } catch (IllegalArgumentException e) {
            // They do not broadcast.
        }
        throw failure(
                loss, arguments, "have shapes of one rank that broadcast", Arrays.toString(shapes));
    }

    /**
     * Checks the rank of an array.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param array the array
     * @param min the smallest rank
     * @param max the largest rank
     * @param form the required shape, such as {@code "(N, C) or (C)"}
     */
    public static void rank(
            String loss, String argument, NDArray array, int min, int max, String form) {
        int rank = array.getShape().dimension();
        if (rank < min || rank > max) {
            String message = "%s must have shape %s, but had shape %s";
            throw message(loss, message, argument, form, array.getShape());
        }
    }

    /**
     * Checks that an array has a type that can hold indices: an integer or floating-point type, or
     * BOOLEAN, in which true is class 1.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param array the array
     */
    public static void index(String loss, String argument, NDArray array) {
        DataType type = array.getDataType();
        boolean isIndex = type.isInteger() || type.isFloating() || type.isBoolean();
        String requirement =
                "hold class indices (INT64, INT32, UINT8, BOOLEAN or whole floating-point numbers)";
        require(isIndex, loss, argument, requirement, type);
    }

    /**
     * Returns an element of an index array for a message, as it was given.
     *
     * @param array the array
     * @param i the number of the element
     * @param index the element as {@link Nd#toLongs} has read it
     * @return its text
     */
    public static String index(NDArray array, int i, long index) {
        if (index != Long.MIN_VALUE || !array.getDataType().isFloating()) {
            return Long.toString(index);
        }
        double given = Nd.toDoubles(array)[i];
        return Double.isNaN(given) ? "not a number of a class" : given + " (no whole number)";
    }

    /**
     * Checks that all values lie in [0, 1]; waits for the device.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param array the array
     */
    public static void unitInterval(String loss, String argument, NDArray array) {
        each(loss, argument, array, "hold values in [0, 1]", x -> x >= 0 && x <= 1);
    }

    /**
     * Checks that all values are −1 or 1; waits for the device.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param array the array
     */
    public static void signs(String loss, String argument, NDArray array) {
        each(loss, argument, array, "hold -1 or 1", x -> Math.abs(x) == 1);
    }

    /**
     * Checks that no value is negative; waits for the device.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param array the array
     */
    public static void notNegative(String loss, String argument, NDArray array) {
        each(loss, argument, array, "hold values of at least 0", x -> x >= 0);
    }

    private static void each(
            String loss, String argument, NDArray array, String what, DoublePredicate valid) {
        for (double value : Nd.toDoubles(array)) {
            require(valid.test(value), loss, argument, what + " (strict validation)", value);
        }
    }

    /**
     * Checks that an option is finite and greater than 0.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    public static double positive(String loss, String option, double value) {
        boolean valid = value > 0 && value < Double.POSITIVE_INFINITY;
        require(valid, loss, option, "be finite and greater than 0", value);
        return normal(loss, option, value);
    }

    /**
     * Checks that an option is finite and non-negative.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    public static double notNegative(String loss, String option, double value) {
        boolean valid = value >= 0 && value < Double.POSITIVE_INFINITY;
        require(valid, loss, option, "be finite and at least 0", value);
        return normal(loss, option, value);
    }

    /**
     * Checks that an option is finite.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    public static double finite(String loss, String option, double value) {
        require(Double.isFinite(value), loss, option, "be finite", value);
        return normal(loss, option, value);
    }

    /**
     * Checks that an option is no subnormal number, which some engines take for 0.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    public static double normal(String loss, String option, double value) {
        require(
                value == 0 || !(Math.abs(value) < Double.MIN_NORMAL),
                loss,
                option,
                "be 0 or at least " + Double.MIN_NORMAL + " in size",
                value);
        return value;
    }

    /**
     * Checks that an option lies in a closed interval.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param value its value
     * @param min the smallest value
     * @param max the largest value
     * @return the value
     */
    public static double range(String loss, String option, double value, double min, double max) {
        String requirement = "be in [" + plain(min) + ", " + plain(max) + "]";
        require(value >= min && value <= max, loss, option, requirement, value);
        return normal(loss, option, value);
    }

    /**
     * Checks that weights are finite, and copies them.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param values the weights
     * @return a copy
     */
    public static double[] weights(String loss, String option, double[] values) {
        require(values.length > 0, loss, option, "hold at least one number", "empty");
        for (int i = 0; i < values.length; i++) {
            finite(loss, option + "[" + i + "]", values[i]);
        }
        return values.clone();
    }

    private static String plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }
}
