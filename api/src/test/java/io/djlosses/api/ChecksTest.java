/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertNotSame;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.Locale;

/** What passes, and the whole text of every message. */
public class ChecksTest {

    private static final double NAN = Double.NaN;
    private static final double INFINITY = Double.POSITIVE_INFINITY;

    /** A check of arguments that are given. */
    private interface Check {
        void run();
    }

    @DataProvider
    public Object[][] good() {
        return new Object[][] {
            {"require", (Check) () -> Checks.require(true, "L", "a", "be", "b")},
            {"count", (Check) () -> Checks.count("L", "labels", list(2), "x", "y")},
            {"count of none", (Check) () -> Checks.count("L", "labels", list(0))},
            {
                "shape",
                (Check) () -> Checks.shape("L", "x", new Shape(2, 3), new Shape(2, 3), "match y")
            },
            {"sameElements", (Check) () -> Checks.sameElements("L", floats(2, 3), floats(2, 3))},
            {"units", (Check) () -> Checks.sameElements("L", floats(2, 1, 3), floats(1, 2, 3, 1))},
            {"one element", (Check) () -> Checks.sameElements("L", floats(), floats(1, 1))},
            {"least rank", (Check) () -> Checks.rank("L", "x", floats(3), 1, 2, "(N)")},
            {"greatest rank", (Check) () -> Checks.rank("L", "x", floats(3, 1), 1, 2, "(N)")},
            {"INT64", (Check) () -> Checks.index("L", "x", typed(DataType.INT64))},
            {"UINT8", (Check) () -> Checks.index("L", "x", typed(DataType.UINT8))},
            {"FLOAT16", (Check) () -> Checks.index("L", "x", typed(DataType.FLOAT16))},
            {"BOOLEAN", (Check) () -> Checks.index("L", "x", typed(DataType.BOOLEAN))},
            {"unitInterval", (Check) () -> Checks.unitInterval("L", "x", Stub.of(0, 0.5, 1, -0.0))},
            {"signs", (Check) () -> Checks.signs("L", "x", Stub.of(1, -1, 1))},
            {"notNegative", (Check) () -> Checks.notNegative("L", "x", Stub.of(0, INFINITY))},
            {"empty", (Check) () -> Checks.signs("L", "x", Stub.of())},
        };
    }

    @Test(dataProvider = "good")
    public void accepts(String name, Check check) {
        check.run();
    }

    @Test
    public void returnsWhatItChecked() {
        assertEquals(Checks.positive("L", "o", Double.MIN_NORMAL), Double.MIN_NORMAL);
        assertEquals(Checks.notNegative("L", "o", 0), 0.0);
        assertEquals(Checks.finite("L", "o", -Double.MAX_VALUE), -Double.MAX_VALUE);
        assertEquals(Checks.range("L", "o", 1, 0, 1), 1.0);
        assertEquals(Checks.range("L", "o", 0, 0, 1), 0.0);
        double[] weights = {0, 2.5};
        double[] copy = Checks.weights("L", "o", weights);
        assertEquals(copy, weights);
        assertNotSame(copy, weights);
    }

    @DataProvider
    public Object[][] broadcasts() {
        return new Object[][] {
            {new Shape[] {new Shape(2, 3)}, new Shape(2, 3)},
            {new Shape[] {new Shape(2, 3), new Shape(2, 3)}, new Shape(2, 3)},
            {new Shape[] {new Shape(2, 1), new Shape(1, 3)}, new Shape(2, 3)},
            {new Shape[] {new Shape(4), new Shape(1), new Shape(4)}, new Shape(4)},
            {new Shape[] {new Shape(), new Shape()}, new Shape()},
        };
    }

    @Test(dataProvider = "broadcasts")
    public void broadcasts(Shape[] shapes, Shape expected) {
        assertEquals(Checks.broadcast("L", "x", shapes), expected);
    }

    @DataProvider
    public Object[][] bad() {
        String order = " (the order is evaluate(labels, predictions))";
        String rank = "L: x must have shape (N, C) or (C), but had shape ";
        String index =
                "L: x must hold class indices (INT64, INT32, UINT8, BOOLEAN or whole floating-point"
                        + " numbers), but was ";
        String unit = "L: x must hold values in [0, 1] (strict validation), but was ";
        String sign = "L: x must hold -1 or 1 (strict validation), but was ";
        String least = "L: x must hold values of at least 0 (strict validation), but was ";
        String positive = "L: o must be finite and greater than 0, but was ";
        String notNegative = "L: o must be finite and at least 0, but was ";
        String one = "L: x, y must have shapes of one rank that broadcast, but was ";
        Shape row = new Shape(2, 3);
        return new Object[][] {
            row(() -> Checks.require(false, "L", "a", "be b", 7), "L: a must be b, but was 7"),
            row(
                    () -> Checks.count("L", "labels", list(2), "target"),
                    "L: labels must hold 1 array [target], but held 2" + order),
            row(
                    () -> Checks.count("L", "predictions", list(0), "x", "y"),
                    "L: predictions must hold 2 arrays [x, y], but held 0" + order),
            row(
                    () -> Checks.count("L", "sampledValues", list(1)),
                    "L: sampledValues must hold 0 arrays [], but held 1"),
            row(
                    () -> Checks.shape("L", "x", row, new Shape(3, 2), "match y"),
                    "L: x must have shape (3, 2) to match y, but had shape (2, 3)"),
            row(
                    () -> Checks.sameElements("L", floats(2, 3), floats(3, 2)),
                    "L: labels[0] must have shape (3, 2) to match predictions[0], but had shape"
                            + " (2, 3)"),
            row(
                    () -> Checks.sameElements("L", floats(6), floats(2, 3)),
                    "L: labels[0] must have shape (2, 3) to match predictions[0], but had shape"
                            + " (6)"),
            row(() -> Checks.broadcast("L", "x, y", row, new Shape(3)), one + "[(2, 3), (3)]"),
            row(
                    () -> Checks.broadcast("L", "x, y", row, new Shape(2, 4)),
                    one + "[(2, 3), (2, 4)]"),
            row(
                    () -> Checks.rank("L", "x", floats(), 1, 2, "(N, C) or (C)"), //
                    rank + "()"),
            row(
                    () -> Checks.rank("L", "x", floats(1, 2, 3), 1, 2, "(N, C) or (C)"),
                    rank + "(1, 2, 3)"),
            row(() -> Checks.index("L", "x", typed(DataType.STRING)), index + "string"),
            row(() -> Checks.unitInterval("L", "x", Stub.of(0, 1.5)), unit + "1.5"),
            row(() -> Checks.unitInterval("L", "x", Stub.of(-1e-9)), unit + "-1.0E-9"),
            row(() -> Checks.unitInterval("L", "x", Stub.of(NAN)), unit + "NaN"),
            row(() -> Checks.signs("L", "x", Stub.of(1, 0)), sign + "0.0"),
            row(() -> Checks.signs("L", "x", Stub.of(NAN)), sign + "NaN"),
            row(() -> Checks.notNegative("L", "x", Stub.of(3, -2)), least + "-2.0"),
            row(() -> Checks.notNegative("L", "x", Stub.of(NAN)), least + "NaN"),
            row(() -> Checks.positive("L", "o", 0), positive + "0.0"),
            row(() -> Checks.positive("L", "o", -1), positive + "-1.0"),
            row(() -> Checks.positive("L", "o", NAN), positive + "NaN"),
            row(() -> Checks.positive("L", "o", INFINITY), positive + "Infinity"),
            row(() -> Checks.notNegative("L", "o", -0.5), notNegative + "-0.5"),
            row(() -> Checks.notNegative("L", "o", NAN), notNegative + "NaN"),
            row(() -> Checks.notNegative("L", "o", INFINITY), notNegative + "Infinity"),
            row(() -> Checks.finite("L", "o", NAN), "L: o must be finite, but was NaN"),
            row(() -> Checks.finite("L", "o", -INFINITY), "L: o must be finite, but was -Infinity"),
            row(() -> Checks.range("L", "o", 2, 0, 1), "L: o must be in [0, 1], but was 2.0"),
            row(() -> Checks.range("L", "o", NAN, 0, 1), "L: o must be in [0, 1], but was NaN"),
            row(
                    () -> Checks.range("L", "o", 0, 0.5, 1e15),
                    "L: o must be in [0.5, 1.0E15], but was 0.0"),
            row(
                    () -> Checks.weights("L", "o", new double[0]),
                    "L: o must hold at least one number, but was empty"),
            row(
                    () -> Checks.weights("L", "o", new double[] {-1, -INFINITY}),
                    "L: o[1] must be finite, but was -Infinity"),
            row(
                    () -> Checks.weights("L", "o", new double[] {NAN}),
                    "L: o[0] must be finite, but was NaN"),
        };
    }

    @Test(dataProvider = "bad")
    public void rejects(String message, Check check) {
        IllegalArgumentException e =
                expectThrows(IllegalArgumentException.class, () -> check.run());
        assertEquals(e.getMessage(), message);
    }

    /** A message is the same wherever the program runs. */
    @Test
    public void writesNumbersAlikeInEveryLocale() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            rejects(
                    "L: o must be in [0.5, 1], but was 1.25",
                    () -> Checks.range("L", "o", 1.25, 0.5, 1));
        } finally {
            Locale.setDefault(before);
        }
    }

    private static Object[] row(Check check, String message) {
        return new Object[] {message, check};
    }

    private static NDList list(int size) {
        NDList list = new NDList();
        for (int i = 0; i < size; i++) {
            list.add(floats(1));
        }
        return list;
    }

    private static NDArray floats(long... shape) {
        return Stub.of(new Shape(shape), DataType.FLOAT32);
    }

    private static NDArray typed(DataType type) {
        return Stub.of(new Shape(2), type);
    }
}
