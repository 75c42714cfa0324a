/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertNull;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.api.SampleWeighting;
import io.djlosses.api.Validation;
import io.djlosses.binary.GHMCLoss;
import io.djlosses.composite.MultiLabelLoss;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Kind;
import io.djlosses.examples.catalog.Trait;
import io.djlosses.nd.Nd;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.MSELoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxLoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxWithLoss;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.AfterClass;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What labels and masks may look like, and where the classes are, in every reading. */
public class LabelFormsIT {

    private static final DataType[] TYPES = {DataType.FLOAT32, DataType.FLOAT64};

    @AfterClass
    public void report() throws IOException {
        Tally.report(LabelFormsIT.class);
    }

    @DataProvider
    public Object[][] enginesAndLosses() {
        return Catalogue.onEveryEngine();
    }

    @DataProvider
    public Object[][] engines() {
        return Outcome.onEveryEngine();
    }

    private static boolean hasOption(Class<? extends Loss> type, String option) {
        return Catalogue.ownOptions(type).stream()
                .anyMatch(method -> Catalogue.option(method).equals(option));
    }

    // ------------------------------------------------------------------ the class axis

    /** The axis of the classes, moved to every other place, takes its gradient with it. */
    @Test(dataProvider = "enginesAndLosses")
    public void theClassesMayBeOnEveryAxis(String engine, Class<? extends Loss> type) {
        if (!hasOption(type, "classAxis")) {
            return;
        }
        int tried = 0;
        for (GoldenRow row : GoldenRow.some(type, 12)) {
            Shape shape = row.predictions().get(0).shape();
            int rank = shape.dimension();
            if (rank < 2
                    || row.has("classAxis")
                    || row.labels().get(0).shape().dimension() < rank - 1) {
                continue;
            }
            for (int axis = -rank; axis < rank; axis++) {
                int place = axis < 0 ? axis + rank : axis;
                GoldenRow moved =
                        row.with(
                                row.labels().stream().map(l -> moved(l, shape, place)).toList(),
                                List.of(moved(row.predictions().get(0), shape, place)));
                JsonObject options = row.options().deepCopy();
                options.addProperty("classAxis", axis);
                for (DataType dataType : TYPES) {
                    Outcome expected = null;
                    for (Choice reading : Choice.of(engine)) {
                        if (expected == null) {
                            Loss loss = Catalogue.build(type, row.options(), reading);
                            expected = of(engine, loss, row, dataType);
                        }
                        Loss loss = Catalogue.build(type, options, reading);
                        Outcome actual = of(engine, loss, moved, dataType);
                        Data gradient =
                                moved(
                                        new Data("float", shape, expected.gradients().get(0)),
                                        shape,
                                        place);
                        String where = row + ", axis " + axis + ", " + dataType + ", " + reading;
                        assertEquals(actual.shape(), expected.shape(), where);
                        near(row, expected.value(), actual.value(), dataType, where);
                        double[] slope = actual.gradients().get(0);
                        near(row, gradient.values(), slope, dataType, where);
                        tried++;
                    }
                }
            }
        }
        Tally.count("LabelFormsIT.theClassesMayBeOnEveryAxis", type, tried, "no axes");
    }

    /** Evaluates, and takes the gradient of the sum of values that are not reduced. */
    private static Outcome of(String engine, Loss loss, GoldenRow row, DataType type) {
        Data head = row.head();
        return Outcome.of(engine, loss, row, type, head, 1);
    }

    private static void near(
            GoldenRow row, double[] expected, double[] actual, DataType type, String where) {
        boolean isSingle = type == DataType.FLOAT32;
        double rtol = isSingle ? 2e-6 : 1e-12;
        // A row with a tolerance of its own loses digits in every form.
        double own = isSingle ? 2e-6 : 1e-9;
        double atol = row.json().has("tolerance") ? own : 1e-7 * rtol;
        assertNull(Outcome.difference(expected, actual, rtol, atol), where);
    }

    /** Moves axis 1 of what has the rank of the scores, and nothing of what has no class axis. */
    private static Data moved(Data data, Shape scores, int place) {
        int rank = scores.dimension();
        if (data.shape().dimension() < rank) {
            return data;
        }
        List<Integer> axes = new ArrayList<>();
        for (int i = 0; i < rank; i++) {
            if (i != 1) {
                axes.add(i);
            }
        }
        axes.add(place, 1);
        long[] sizes = axes.stream().mapToLong(axis -> data.shape().get(axis)).toArray();
        double[] values = new double[data.values().length];
        for (int i = 0; i < values.length; i++) {
            long rest = i;
            long[] at = new long[rank];
            for (int k = rank - 1; k >= 0; k--) {
                at[axes.get(k)] = rest % sizes[k];
                rest /= sizes[k];
            }
            long from = 0;
            for (int k = 0; k < rank; k++) {
                from = from * data.shape().get(k) + at[k];
            }
            values[i] = data.values()[(int) from];
        }
        return new Data(data.type(), new Shape(sizes), values);
    }

    // ------------------------------------------------------------------ forms of one label

    /** Class indices of every type, and with a unit axis, are the same classes. */
    @Test(dataProvider = "enginesAndLosses")
    public void everyFormOfClassIndicesGivesTheSame(String engine, Class<? extends Loss> type) {
        if (!takesIndices(type) || Declarations.of(type).kind() == Kind.SEQUENCES) {
            return;
        }
        int tried = 0;
        for (GoldenRow row : GoldenRow.some(type, 12)) {
            Data label = row.labels().get(0);
            if (!isIndex(type, row) || row.has("momentum")) {
                continue;
            }
            boolean isList = Declarations.of(type).kind() == Kind.CLASS_LISTS;
            List<Data> forms = new ArrayList<>(List.of(label.as("float"), label.as("int32")));
            boolean isBinary = Arrays.stream(label.values()).allMatch(y -> y == 0 || y == 1);
            if (isBinary && !isList) {
                forms.add(label.as("boolean"));
            }
            int rank = row.predictions().get(0).shape().dimension();
            // With a single class a unit axis would make probabilities of them.
            boolean lacksAxis =
                    label.shape().dimension() == rank - 1
                            && rank > 1
                            && label.values().length < row.predictions().get(0).values().length;
            if (lacksAxis && !isList) {
                int axis = row.has("classAxis") ? axis(row, rank) : unitAxis(type);
                forms.add(unit(label, axis < 0 ? rank - 1 : axis));
            }
            for (Data form : forms) {
                List<Data> labels = new ArrayList<>(row.labels());
                labels.set(0, form);
                GoldenRow other = row.with(labels, row.predictions());
                for (Choice reading : Choice.of(engine)) {
                    Outcome[] outcomes = new Outcome[2];
                    for (int i = 0; i < 2; i++) {
                        Loss loss = Catalogue.build(type, row.options(), reading);
                        GoldenRow given = i == 0 ? row : other;
                        outcomes[i] = of(engine, loss, given, DataType.FLOAT64);
                    }
                    String where = row + ", " + form.type() + form.shape() + ", " + reading;
                    near(row, outcomes[0].value(), outcomes[1].value(), DataType.FLOAT64, where);
                    near(
                            row,
                            outcomes[0].gradients().get(0),
                            outcomes[1].gradients().get(0),
                            DataType.FLOAT64,
                            where);
                    tried++;
                }
            }
        }
        Tally.count("LabelFormsIT.everyFormOfClassIndicesGivesTheSame", type, tried, "no indices");
    }

    private static int axis(GoldenRow row, int rank) {
        int axis = row.options().get("classAxis").getAsInt();
        return axis < 0 ? axis + rank : axis;
    }

    /** Returns where class indices may have a unit axis: where the classes are, or at the end. */
    private static int unitAxis(Class<? extends Loss> type) {
        return Declarations.of(type).has(Trait.PARAMETERS) ? -1 : 1;
    }

    private static Data unit(Data data, int axis) {
        Shape shape = data.shape();
        Shape unit = shape.slice(0, axis).add(1).addAll(shape.slice(axis));
        return new Data(data.type(), unit, data.values());
    }

    private static boolean takesIndices(Class<? extends Loss> type) {
        return Declarations.of(type).has(Trait.INDEX_LABELS) || hasOption(type, "classAxis");
    }

    /** Tells whether the label of a row holds class indices. */
    private static boolean isIndex(Class<? extends Loss> type, GoldenRow row) {
        Data label = row.labels().get(0);
        boolean isWhole = Arrays.stream(label.values()).allMatch(y -> y == Math.rint(y));
        boolean isAlike = label.shape().equals(row.predictions().get(0).shape());
        return isWhole
                && (Declarations.of(type).kind() == Kind.CLASS_LISTS || !isAlike)
                && !row.id().equals("one_channel");
    }

    // ------------------------------------------------------------------ whole numbers

    /** What is no whole number is an error, or NaN where indices are not read. */
    @Test(dataProvider = "enginesAndLosses")
    public void whatIsNoWholeNumberIsNoClass(String engine, Class<? extends Loss> type) {
        if (!takesIndices(type)) {
            return;
        }
        int tried = 0;
        for (GoldenRow row : GoldenRow.some(type, 12)) {
            boolean isEmptySequence =
                    Declarations.of(type).kind() == Kind.SEQUENCES
                            && (row.labels().size() != 3 || !row.labels().get(2).isPositive());
            if (!isIndex(type, row) || row.has("sampleWeighting") || isEmptySequence) {
                continue;
            }
            for (int k = 0; k < row.labels().size(); k++) {
                boolean isWeight = k > 0 && Declarations.of(type).kind() != Kind.SEQUENCES;
                for (double add : new double[] {0.5, -0.25, 0.9}) {
                    Data label = row.labels().get(k);
                    if (isWeight || label.values().length == 0) {
                        continue;
                    }
                    List<Data> labels = new ArrayList<>(row.labels());
                    labels.set(k, label.as("float").with(0, label.values()[0] + add));
                    GoldenRow bad = row.with(labels, row.predictions());
                    for (DataType dataType : TYPES) {
                        for (Choice reading : Choice.of(engine)) {
                            for (Validation validation : Validation.values()) {
                                if (validation == Validation.STRICT && hasNegativeWeight(row)) {
                                    continue; // such a loss is not built
                                }
                                String where = row + ", " + dataType + ", " + reading;
                                notAClass(engine, type, bad, dataType, reading, validation, where);
                                tried++;
                            }
                        }
                    }
                }
            }
        }
        Tally.count("LabelFormsIT.whatIsNoWholeNumberIsNoClass", type, tried, "no indices");
    }

    private static boolean hasNegativeWeight(GoldenRow row) {
        return row.has("weight")
                && row.options().getAsJsonArray("weight").asList().stream()
                        .anyMatch(weight -> weight.getAsDouble() < 0);
    }

    private static void notAClass(
            String engine,
            Class<? extends Loss> type,
            GoldenRow row,
            DataType dataType,
            Choice reading,
            Validation validation,
            String where) {
        JsonObject options = row.options().deepCopy();
        options.addProperty("validation", validation.name());
        Loss loss = Catalogue.build(type, options, reading);
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), manager, dataType);
            NDList predictions = Data.arrays(row.predictions(), manager, dataType);
            NDArray value = loss.evaluate(labels, predictions);
            if (type == GHMCLoss.class) { // no positive label
                return;
            }
            assertEquals(validation, Validation.SHAPES, where);
            assertTrue(
                    Arrays.stream(Nd.toDoubles(value)).anyMatch(Double::isNaN),
                    where + " gave " + Arrays.toString(Nd.toDoubles(value)));
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            assertTrue(message.startsWith(type.getSimpleName() + ": "), message);
            assertTrue(message.contains("(no whole number)"), where + ": " + message);
        }
    }

    // ------------------------------------------------------------------ masks

    /** A mask or a weight with a further axis of size 1 is the same. */
    @Test(dataProvider = "enginesAndLosses")
    public void masksMayHaveAUnitAxis(String engine, Class<? extends Loss> type) {
        int tried = 0;
        for (GoldenRow row : GoldenRow.some(type, 12)) {
            if (!(Catalogue.build(type, row.options(), null) instanceof AbstractLoss loss)
                    || row.has("sampleWeighting")
                    || row.has("momentum")) {
                continue;
            }
            Shape shape = noneShape(engine, type, row);
            if (shape == null || shape.isScalar()) {
                continue;
            }
            for (SampleWeighting weighting :
                    List.of(SampleWeighting.MASK, SampleWeighting.MEAN_BY_WEIGHT)) {
                JsonObject options = row.options().deepCopy();
                options.addProperty("sampleWeighting", weighting.name());
                double[] values = new double[(int) shape.size()];
                Arrays.setAll(values, i -> i % 3 == 1 ? 0 : 1);
                Data weight = new Data("float", shape, values);
                Data unit = unit(weight, shape.dimension());
                double[] expected = value(engine, type, options, row, weight);
                double[] actual = value(engine, type, options, row, unit);
                near(row, expected, actual, DataType.FLOAT64, row + ", " + weighting);
                tried++;
            }
            assertEquals(loss.getSampleWeighting(), SampleWeighting.NONE);
        }
        Tally.count(
                "LabelFormsIT.masksMayHaveAUnitAxis",
                type,
                tried,
                "scalar values",
                Trait.MEAN_ONLY,
                Trait.WHOLE_BATCH);
    }

    private static @Nullable Shape noneShape(
            String engine, Class<? extends Loss> type, GoldenRow row) {
        if (Declarations.of(type).has(Trait.MEAN_ONLY)) {
            return null;
        }
        Loss none = Catalogue.build(type, row.optionsWith("NONE"), null);
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT64);
            NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT64);
            return none.evaluate(labels, predictions).getShape();
        }
    }

    private static double[] value(
            String engine,
            Class<? extends Loss> type,
            JsonObject options,
            GoldenRow row,
            Data weight) {
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT64);
            labels.add(weight.array(manager, DataType.FLOAT64));
            NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT64);
            Loss loss = Catalogue.build(type, options, null);
            return Nd.toDoubles(loss.evaluate(labels, predictions));
        }
    }

    /** Each label of a composite may have a mask. */
    @Test(dataProvider = "engines")
    public void aCompositeHandsEachMaskToItsLoss(String engine) {
        Loss masked = MSELoss.builder().optSampleWeighting(SampleWeighting.MASK).build();
        Loss plain = L1Loss.builder().build();
        Loss loss = MultiLabelLoss.builder().setLosses(masked, plain, masked).build();
        try (NDManager manager = Place.manager(engine)) {
            NDArray x = Nd.create(manager, new float[] {1, 2, 5}, new Shape(3));
            NDArray zero = Nd.create(manager, new float[3], new Shape(3));
            NDArray first = Nd.create(manager, new float[] {1, 0, 0}, new Shape(3));
            NDArray last = Nd.create(manager, new float[] {0, 1, 1}, new Shape(3, 1));
            NDArray value = loss.evaluate(new NDList(zero, zero, zero, first, last), new NDList(x));
            assertEquals(Nd.toDoubles(value)[0], (1 + 8.0 / 3 + 14.5) / 3, 1e-6);
            IllegalArgumentException e =
                    expectThrows(
                            IllegalArgumentException.class,
                            () -> loss.evaluate(new NDList(zero, zero, zero), new NDList(x)));
            assertEquals(
                    e.getMessage(),
                    "MultiLabelLoss: labels must hold 3 arrays, one for each loss and then 2, the"
                            + " masks or weights of the losses with such, but was 3 arrays");
        }
    }

    // ------------------------------------------------------------------ losses without golden rows

    /** The block of the adaptive softmax and its loss take a column of labels, and no others. */
    @Test(dataProvider = "engines")
    public void theAdaptiveSoftmaxTakesColumns(String engine) {
        for (Choice reading : Choice.of(engine)) {
            Loss loss = Catalogue.build(AdaptiveLogSoftmaxLoss.class, new JsonObject(), reading);
            try (NDManager manager = Place.manager(engine)) {
                double[] logs = {-0.5, -1, -3, -2, -0.25, -4};
                NDArray ofClasses = Nd.create(manager, logs, new Shape(2, 3), DataType.FLOAT64);
                NDArray ofTargets = ofClasses.reshape(6);
                NDArray column = Nd.create(manager, new long[] {1, 2}, new Shape(2, 1));
                NDArray six = Nd.create(manager, new long[6], new Shape(6, 1));
                double value = value(loss, column, ofClasses);
                assertEquals(value, 2.5, 1e-12);
                assertEquals(value(loss, six, ofTargets), 10.75 / 6, 1e-12);
                NDArray half = Nd.create(manager, new float[] {1, 1.5f}, new Shape(2));
                IllegalArgumentException e =
                        expectThrows(
                                IllegalArgumentException.class,
                                () -> loss.evaluate(new NDList(half), new NDList(ofClasses)));
                assertTrue(e.getMessage().contains("1.5 (no whole number)"), e.getMessage());
            }
        }
        try (NDManager manager = Place.manager(engine)) {
            AdaptiveLogSoftmaxWithLoss block =
                    AdaptiveLogSoftmaxWithLoss.builder()
                            .setInFeatures(4)
                            .setNClasses(6)
                            .setCutoffs(2)
                            .build();
            block.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
            NDArray x = manager.ones(new Shape(2, 4));
            ParameterStore store = new ParameterStore(manager, false);
            NDArray row = Nd.create(manager, new long[] {1, 5}, new Shape(2));
            double[][] values = new double[2][];
            for (int i = 0; i < 2; i++) {
                NDArray label = i == 0 ? row : row.reshape(2, 1);
                NDList out = block.forward(store, new NDList(x), new NDList(label), null);
                assertEquals(out.head().getShape(), new Shape(2));
                values[i] = Nd.toDoubles(out.head());
            }
            assertEquals(values[0], values[1], 0.0);
            NDArray half = Nd.create(manager, new float[] {1, -0.9f}, new Shape(2));
            IllegalArgumentException e =
                    expectThrows(
                            IllegalArgumentException.class,
                            () -> block.forward(store, new NDList(x), new NDList(half), null));
            assertTrue(e.getMessage().contains("(no whole number)"), e.getMessage());
        }
    }

    private static double value(Loss loss, NDArray label, NDArray x) {
        return Nd.toDoubles(loss.evaluate(new NDList(label), new NDList(x)))[0];
    }
}
