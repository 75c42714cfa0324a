/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertNotEquals;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.nd.Nd;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** FLOAT16 predictions are computed in FLOAT32; BFLOAT16 and integers are refused. */
public class HalfIT {

    private static final Engine PYTORCH = Engine.getEngine("PyTorch");

    /** From here on a number is infinite in FLOAT16. */
    private static final double MAX = 65520;

    @DataProvider
    public Object[][] losses() {
        return Catalogue.each();
    }

    // ------------------------------------------------------------------ every loss

    @Test(dataProvider = "losses")
    public void itIsComputedInSinglePrecision(Class<? extends Loss> type) {
        int compared = 0;
        for (GoldenRow row : GoldenRow.seeds(type)) {
            // The same numbers in both types.
            GoldenRow rounded =
                    row.with(row.labels(), row.predictions().stream().map(HalfIT::round).toList());
            if (!rounded.predictions().stream().allMatch(Data::isFinite)) {
                continue; // beyond the range of FLOAT16
            }
            // A loss for each, as some remember.
            Outcome single = Outcome.of("PyTorch", loss(type, row), rounded, DataType.FLOAT32);
            Outcome half = half(loss(type, row), rounded);
            assertEquals(half.type(), DataType.FLOAT32, "" + row);
            assertEquals(half.shape(), single.shape(), "" + row);
            assertEquals(
                    Outcome.difference(single.value(), half.value(), 1e-6, 1e-9), null, "" + row);
            for (int i = 0; i < single.gradients().size(); i++) {
                double[] expected =
                        Arrays.stream(single.gradients().get(i))
                                .map(g -> Math.abs(g) < MAX ? g : g * Double.POSITIVE_INFINITY)
                                .toArray();
                double[] actual = half.gradients().get(i);
                assertEquals(Outcome.difference(expected, actual, 1e-3, 1e-7), null, "" + row);
            }
            compared++;
        }
        Tally.count("HalfIT.itIsComputedInSinglePrecision", type, compared, "all out of range");
    }

    private static Loss loss(Class<? extends Loss> type, GoldenRow row) {
        return Catalogue.build(type, row.options(), null);
    }

    private static Data round(Data data) {
        try (NDManager manager = Place.manager(PYTORCH)) {
            NDArray array = data.array(manager, DataType.FLOAT32);
            NDArray half = array.toType(DataType.FLOAT16, true);
            return new Data(data.type(), data.shape(), Nd.toDoubles(half));
        }
    }

    private static Outcome half(Loss loss, GoldenRow row) {
        try (NDManager manager = Place.manager(PYTORCH)) {
            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
            NDList predictions = new NDList();
            for (NDArray array : Data.arrays(row.predictions(), manager, DataType.FLOAT32)) {
                NDArray half = array.toType(DataType.FLOAT16, true);
                half.setRequiresGradient(true);
                predictions.add(half);
            }
            NDArray value;
            try (GradientCollector collector = PYTORCH.newGradientCollector()) {
                value = loss.evaluate(labels, predictions);
                Data head = row.head();
                collector.backward(
                        head == null
                                ? value
                                : value.mul(head.array(manager, value.getDataType())).sum());
            }
            List<double[]> gradients = new ArrayList<>();
            for (NDArray prediction : predictions) {
                NDArray gradient = prediction.getGradient();
                assertEquals(gradient.getDataType(), DataType.FLOAT16);
                gradients.add(Nd.toDoubles(gradient));
            }
            return new Outcome(
                    value.getDataType(), value.getShape(), Nd.toDoubles(value), gradients);
        }
    }

    // ------------------------------------------------------------------ the ends of the range

    @Test
    public void itIsFiniteAtTheEndsOfTheRange() {
        Shape shape = new Shape(4, 3);
        double[] logits = {6e4, -6e4, 0, -6e4, 6e4, 6e4, 0, 0, 6e4, -6e4, -6e4, -6e4};
        Data prediction = round(new Data("float", shape, logits));
        Data classes = new Data("int64", new Shape(4), new double[] {1, 1, 2, 0});
        Data bits = new Data("float", shape, new double[] {1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1});
        Data signs = bits.map(bit -> 2 * bit - 1);
        for (Loss loss :
                List.of(
                        Losses.crossEntropyLoss(),
                        Losses.multiMarginLoss(),
                        Losses.softmaxFocalLoss())) {
            agrees(loss, GoldenRow.of(List.of(classes), List.of(prediction)));
        }
        for (Loss loss :
                List.of(
                        Losses.bceWithLogitsLoss(),
                        Losses.multiLabelSoftMarginLoss(),
                        Losses.mseLoss(),
                        Losses.l1Loss(),
                        Losses.huberLoss(),
                        Losses.smoothL1Loss(),
                        Losses.rmseLoss())) {
            agrees(loss, GoldenRow.of(List.of(bits), List.of(prediction)));
        }
        for (Loss loss :
                List.of(
                        Losses.hingeLoss(),
                        Losses.squaredHingeLoss(),
                        Losses.logisticLoss(),
                        Losses.softMarginLoss())) {
            agrees(loss, GoldenRow.of(List.of(signs), List.of(prediction)));
        }
    }

    private static void agrees(Loss loss, GoldenRow row) {
        Outcome expected = Outcome.of("PyTorch", loss, row, DataType.FLOAT64);
        Outcome half = half(loss, row);
        assertTrue(Arrays.stream(half.value()).allMatch(Double::isFinite), loss.getName());
        assertEquals(
                Outcome.difference(expected.value(), half.value(), 1e-6, 0), null, loss.getName());
        assertEquals(
                Outcome.difference(
                        expected.gradients().get(0), half.gradients().get(0), 1e-3, 1e-7),
                null,
                loss.getName());
    }

    @Test
    public void aMeanOfAMillionIsExact() {
        int size = 1_000_000;
        double[] x = new double[size];
        double[] y = new double[size];
        Arrays.setAll(x, i -> 8 * Math.sin(i));
        Arrays.setAll(y, i -> i % 2);
        Data prediction = round(new Data("float", new Shape(size), x));
        Data label = new Data("float", new Shape(size), y);
        GoldenRow row = GoldenRow.of(List.of(label), List.of(prediction));
        for (Loss loss :
                List.of(Losses.mseLoss(), Losses.bceWithLogitsLoss(), Losses.smoothL1Loss())) {
            // The smallest number above 0 is 6e-8 in FLOAT16, of which a gradient is a multiple.
            agrees(loss, row);
        }
        Data rows = new Data("float", new Shape(size / 10, 10), prediction.values());
        double[] classes = new double[size / 10];
        Arrays.setAll(classes, i -> i % 10);
        agrees(
                Losses.crossEntropyLoss(),
                GoldenRow.of(
                        List.of(new Data("int64", new Shape(size / 10), classes)), List.of(rows)));
    }

    // ------------------------------------------------------------------ what cannot be

    @Test(dataProvider = "losses")
    public void otherTypesAreRefusedBeforeAnyNativeCall(Class<? extends Loss> type) {
        GoldenRow row = GoldenRow.seeds(type).get(0);
        Loss loss = loss(type, row);
        for (DataType given :
                new DataType[] {DataType.BFLOAT16, DataType.INT32, DataType.BOOLEAN}) {
            NDList predictions = new NDList(typed(given));
            IllegalArgumentException e =
                    expectThrows(
                            IllegalArgumentException.class,
                            () -> loss.evaluate(new NDList(typed(DataType.FLOAT32)), predictions));
            assertEquals(
                    e.getMessage(),
                    loss.getName()
                            + ": predictions[0] must be FLOAT32, FLOAT64 or FLOAT16, but was "
                            + given);
        }
    }

    @Test
    public void labelsThatEnginesCannotConvertAreRefused() {
        NDList labels = new NDList(typed(DataType.BFLOAT16));
        NDList predictions = new NDList(typed(DataType.FLOAT32));
        IllegalArgumentException e =
                expectThrows(
                        IllegalArgumentException.class,
                        () -> Losses.mseLoss().evaluate(labels, predictions));
        assertEquals(
                e.getMessage(),
                "MSELoss: labels[0] must have a data type that every engine converts, but was"
                        + " bfloat16");
    }

    /**
     * An array, open, of which there is nothing but the type. An engine may not survive making it.
     */
    private static NDArray typed(DataType type) {
        return (NDArray)
                Proxy.newProxyInstance(
                        NDArray.class.getClassLoader(),
                        new Class<?>[] {NDArray.class},
                        (proxy, method, arguments) ->
                                switch (method.getName()) {
                                    case "getDataType" -> type;
                                    case "getManager" -> null;
                                    case "isReleased" -> false;
                                    default -> throw new AssertionError(method + " was called");
                                });
    }

    @Test
    public void mxnetHoldsNoGradientsOfThisType() {
        if (!Engine.hasEngine("MXNet")) {
            return;
        }
        Engine engine = Engine.getEngine("MXNet");
        try (NDManager manager = Place.manager(engine)) {
            NDArray x = Nd.create(manager, new double[] {300, 1}, new Shape(2), DataType.FLOAT32);
            NDArray label = x.zerosLike();
            UnsupportedOperationException e =
                    expectThrows(
                            UnsupportedOperationException.class,
                            () -> x.toType(DataType.FLOAT16, true).setRequiresGradient(true));
            assertTrue(("" + e.getMessage()).contains("float16"), e.getMessage());
            // But where it is only on the way the gradient passes.
            x.setRequiresGradient(true);
            try (GradientCollector collector = engine.newGradientCollector()) {
                NDArray half = x.toType(DataType.FLOAT16, true);
                assertNotEquals(half.getDataType(), x.getDataType());
                NDArray value = Losses.mseLoss().evaluate(new NDList(label), new NDList(half));
                assertEquals(value.getDataType(), DataType.FLOAT32);
                assertEquals(value.getFloat(), 45000.5f);
                collector.backward(value);
            }
            assertEquals(Nd.toDoubles(x.getGradient()), new double[] {300, 1});
        }
    }
}
