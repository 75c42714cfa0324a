/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;

import io.djlosses.Losses;
import io.djlosses.api.AbstractLoss;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.MergeableLoss;
import io.djlosses.api.SampleWeighting;
import io.djlosses.api.Validation;
import io.djlosses.binary.BCELoss;
import io.djlosses.binary.BCEWithLogitsLoss;
import io.djlosses.binary.FocalLoss;
import io.djlosses.binary.SigmoidFocalLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.classification.SoftmaxFocalLoss;
import io.djlosses.distribution.GaussianNLLLoss;
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Kind;
import io.djlosses.examples.catalog.Trait;
import io.djlosses.regression.MSELoss;
import io.djlosses.segmentation.MultiClassDiceLoss;

import org.testng.Assert.ThrowingRunnable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Bad input is answered by a message that names loss, argument, requirement and what was given. */
public class BadInputIT {

    private static final Shape ODD = new Shape(7, 3, 2, 5);

    @DataProvider
    public Object[][] enginesAndLosses() {
        List<Object[]> pairs = new ArrayList<>();
        for (Class<? extends Loss> loss : Catalogue.withRows()) {
            for (String engine : Outcome.engines()) {
                pairs.add(new Object[] {engine, loss});
            }
        }
        return pairs.toArray(Object[][]::new);
    }

    @DataProvider
    public Object[][] built() {
        return Catalogue.losses().stream()
                .filter(Catalogue::hasBuilder)
                .map(loss -> new Object[] {loss})
                .toArray(Object[][]::new);
    }

    // ------------------------------------------------------------------ messages, word by word

    private record Bad(String message, Loss loss, Data label, Data prediction) {
        /** {@inheritDoc} */
        @Override
        public String toString() {
            return message;
        }
    }

    @DataProvider
    public Object[][] table() {
        Data x23 = Data.of(new Shape(2, 3), 0.5);
        Data x32 = Data.of(new Shape(3, 2), 0.5);
        Data classes = new Data("int64", new Shape(2), new double[] {0, 2});
        Loss cross = Losses.crossEntropyLoss();
        Loss binary = Losses.bceWithLogitsLoss();
        CrossEntropyLoss strict =
                CrossEntropyLoss.builder().optValidation(Validation.STRICT).build();
        Loss known = GaussianNLLLoss.builder().optVariance(2).build();
        CrossEntropyLoss ignoring = CrossEntropyLoss.builder().optIgnoreIndex(2).build();
        return Arrays.stream(
                        new Bad[] {
                            new Bad(
                                    "L1Loss: labels[0] must have shape (2, 3) to match"
                                            + " predictions[0], but had shape (3, 2)",
                                    Losses.l1Loss(),
                                    x32,
                                    x23),
                            new Bad(
                                    "my loss: labels[0] must have shape (2, 3) to match"
                                            + " predictions[0], but had shape (2)",
                                    MSELoss.builder().optName("my loss").build(),
                                    classes,
                                    x23),
                            new Bad(
                                    "MSELoss: predictions[0] must be FLOAT32, FLOAT64 or FLOAT16,"
                                            + " but was int32",
                                    Losses.mseLoss(),
                                    x23,
                                    x23.as("int32")),
                            new Bad(
                                    "CrossEntropyLoss: labels[0] must have shape (2) to match"
                                        + " predictions[0] of shape (2, 3), but had shape (3, 2)",
                                    cross,
                                    x32,
                                    x23),
                            new Bad(
                                    "CrossEntropyLoss: labels must hold class indices in [0, 3) or"
                                            + " ignoreIndex = -100, but element 1 was 3",
                                    cross,
                                    classes.with(1, 3),
                                    x23),
                            new Bad(
                                    "CrossEntropyLoss: labels must hold class indices in [0, 3) or"
                                            + " ignoreIndex = -100, but element 1 was 1.5 (no whole"
                                            + " number)",
                                    cross,
                                    new Data("float", new Shape(2), new double[] {0, 1.5}),
                                    x23),
                            new Bad(
                                    "CrossEntropyLoss: labels[0] must have shape (2, 4) to match"
                                            + " predictions[0] of shape (2, 3, 4) with classes on"
                                            + " axis 1 (change it with optClassAxis), but had shape"
                                            + " (2, 3)",
                                    cross,
                                    x23,
                                    Data.of(new Shape(2, 3, 4), 0.5)),
                            new Bad(
                                    "CrossEntropyLoss: classAxis must be an axis of predictions[0]"
                                            + " of shape (2, 3), but was 2",
                                    CrossEntropyLoss.builder().optClassAxis(2).build(),
                                    classes,
                                    x23),
                            new Bad(
                                    "MultiLabelMarginLoss: labels[0] must hold lists of class"
                                            + " indices (MultiLabelSoftMarginLoss takes one label"
                                            + " per class), but was boolean",
                                    Losses.multiLabelMarginLoss(),
                                    x23.as("boolean"),
                                    x23),
                            new Bad(
                                    "SoftmaxFocalLoss: ignoreIndex must not be set with one-hot"
                                            + " labels, which it cannot apply to, but was 2",
                                    SoftmaxFocalLoss.builder().optIgnoreIndex(2).build(),
                                    x23,
                                    x23),
                            new Bad(
                                    "MultiClassDiceLoss: ignoreIndex must be one of the 3 classes"
                                            + " of predictions[0] with one-hot labels, but was 255",
                                    MultiClassDiceLoss.builder().optIgnoreIndex(255).build(),
                                    x23,
                                    x23),
                            new Bad(
                                    "CrossEntropyLoss: labels must hold class indices in [0, 3) or"
                                            + " ignoreIndex = 2, but element 0 was -1",
                                    ignoring,
                                    classes.with(0, -1),
                                    x23),
                            new Bad(
                                    "CrossEntropyLoss: labels must hold class indices in [0, 3) or"
                                            + " ignoreIndex = -100, but element 0 was not a number"
                                            + " of a class",
                                    cross,
                                    new Data("float", new Shape(2), new double[] {Double.NaN, 1}),
                                    x23),
                            new Bad(
                                    "CrossEntropyLoss: labels[0] of the shape of predictions[0]"
                                        + " must hold probabilities in a floating-point type (for"
                                        + " class indices drop the class axis), but was int64",
                                    cross,
                                    x23.as("int64"),
                                    x23),
                            new Bad(
                                    "CrossEntropyLoss: weight must have one number for each of the"
                                            + " 3 classes of predictions[0], but was 2",
                                    CrossEntropyLoss.builder().optWeight(1, 2).build(),
                                    classes,
                                    x23),
                            new Bad(
                                    "CrossEntropyLoss: predictions[0] must be finite (strict"
                                            + " validation), but was NaN or infinite",
                                    strict,
                                    classes,
                                    x23.with(4, Double.POSITIVE_INFINITY)),
                            new Bad(
                                    "CrossEntropyLoss: labels[0] must hold probabilities that sum"
                                            + " to 1 over the classes (strict validation), but was"
                                            + " something else",
                                    strict,
                                    x23,
                                    x23),
                            new Bad(
                                    "CrossEntropyLoss: there is nothing to average (an empty batch,"
                                        + " or every target is ignored or masked); pass at least"
                                        + " one target, or build the loss with"
                                        + " optEmptyPolicy(EmptyPolicy.ZERO)",
                                    CrossEntropyLoss.builder()
                                            .optIgnoreIndex(2)
                                            .optEmptyPolicy(EmptyPolicy.ERROR)
                                            .build(),
                                    classes.with(0, 2),
                                    x23),
                            new Bad(
                                    "BCEWithLogitsLoss: labels[0] must have shape (2, 3) to match"
                                            + " predictions[0], but had shape (2)",
                                    binary,
                                    classes,
                                    x23),
                            new Bad(
                                    "BCEWithLogitsLoss: posWeight must have one number, or one for"
                                            + " each position of the last axis of predictions[0] of"
                                            + " shape (2, 3), but was 2 numbers",
                                    BCEWithLogitsLoss.builder().optPosWeight(1, 2).build(),
                                    x23,
                                    x23),
                            new Bad(
                                    "BCEWithLogitsLoss: posWeight must have a shape that broadcasts"
                                            + " to predictions[0] of shape (2, 3), but was (2, 1,"
                                            + " 1)",
                                    BCEWithLogitsLoss.builder()
                                            .optPosWeight(new double[] {1, 2}, new Shape(2, 1, 1))
                                            .build(),
                                    x23,
                                    x23),
                            new Bad(
                                    "BCELoss: weight must have a shape that broadcasts to"
                                            + " predictions[0] of shape (2, 3), but was (3, 1)",
                                    BCELoss.builder()
                                            .optWeight(new double[] {1, 2, 3}, new Shape(3, 1))
                                            .build(),
                                    x23,
                                    x23),
                            new Bad(
                                    "GaussianNLLLoss: labels[0] and predictions[0] must have shapes"
                                            + " of one rank that broadcast, but was [(3, 2), (2,"
                                            + " 3)]",
                                    known,
                                    x32,
                                    x23),
                            new Bad(
                                    "GaussianNLLLoss: labels[0] and predictions[0] must have shapes"
                                            + " of one rank that broadcast, but was [(2), (2, 3)]",
                                    known,
                                    classes,
                                    x23),
                            new Bad(
                                    "GaussianNLLLoss: predictions must hold 2 arrays [mean,"
                                            + " variance], but held 1 (the order is"
                                            + " evaluate(labels, predictions))",
                                    Losses.gaussianNLLLoss(),
                                    x23,
                                    x23),
                            new Bad(
                                    "MultiMarginLoss: predictions[0] must have shape (N, C), (C) or"
                                            + " (), but had shape (2, 3, 1)",
                                    Losses.multiMarginLoss(),
                                    classes,
                                    Data.of(new Shape(2, 3, 1), 0.5)),
                            new Bad(
                                    "BCEWithLogitsLoss: labels[0] must hold values in [0, 1]"
                                            + " (strict validation), but was 1.5",
                                    BCEWithLogitsLoss.builder()
                                            .optValidation(Validation.STRICT)
                                            .build(),
                                    x23.with(1, 1.5),
                                    x23),
                            new Bad(
                                    "MSELoss: labels must end with an array of sample weights"
                                            + " (sampleWeighting is MASK), but was empty",
                                    MSELoss.builder()
                                            .optSampleWeighting(SampleWeighting.MASK)
                                            .build(),
                                    new Data("none", new Shape(0), new double[0]),
                                    x23),
                        })
                .map(bad -> new Object[] {bad})
                .toArray(Object[][]::new);
    }

    @Test(dataProvider = "table")
    public void theMessageSaysWhatIsWrong(Bad bad) {
        for (String engine : Outcome.engines()) {
            try (NDManager manager = Place.manager(engine)) {
                NDList labels = new NDList();
                if (!bad.label.type().equals("none")) {
                    labels.add(bad.label.array(manager, DataType.FLOAT32));
                }
                NDList predictions = new NDList(bad.prediction.array(manager, DataType.FLOAT32));
                IllegalArgumentException e =
                        expectThrows(
                                IllegalArgumentException.class,
                                () -> bad.loss.evaluate(labels, predictions));
                assertEquals(e.getMessage(), bad.message);
            }
        }
    }

    // ------------------------------------------------------------------ every loss

    @Test(dataProvider = "enginesAndLosses")
    public void wrongInputsAreRejected(String engine, Class<? extends Loss> type) {
        // A single number may be broadcast.
        GoldenRow row =
                GoldenRow.seeds(type).stream()
                        .filter(seed -> seed.predictions().get(0).values().length > 1)
                        .findFirst()
                        .orElseThrow();
        Loss loss = Catalogue.build(type, row.options(), null);
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
            NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
            loss.evaluate(labels, predictions).close();

            rejects(loss, labels, new NDList(), "predictions");
            rejects(loss, labels, tripled(predictions, predictions.get(0)), "predictions");
            if (!labels.isEmpty()) {
                rejects(loss, tripled(labels, predictions.get(0)), predictions, "labels");
                rejects(loss, new NDList(), predictions, "labels");
            }
            for (int i = 0; i < labels.size(); i++) {
                NDArray odd = manager.ones(ODD, labels.get(i).getDataType());
                rejects(loss, replaced(labels, i, odd), predictions, "labels");
            }
            for (int i = 0; i < predictions.size(); i++) {
                NDArray odd = manager.ones(ODD, DataType.FLOAT32);
                rejects(loss, labels, replaced(predictions, i, odd), "predictions");
                NDArray whole = predictions.get(i).toType(DataType.INT32, false);
                rejects(loss, labels, replaced(predictions, i, whole), "predictions[" + i + "]");
                if (predictions.size() > 1) {
                    NDArray wide = predictions.get(i).toType(DataType.FLOAT64, false);
                    rejects(loss, labels, replaced(predictions, i, wide), "data type");
                }
            }
            if (!labels.isEmpty()) {
                // Swapped arguments: the array that learns is found among the labels.
                predictions.forEach(array -> array.setRequiresGradient(true));
                rejects(loss, predictions, labels, "");
            }
        }
    }

    @Test(dataProvider = "enginesAndLosses")
    public void arraysOfAnotherEngineAreRejected(String engine, Class<? extends Loss> type) {
        GoldenRow row = GoldenRow.seeds(type).get(0);
        Loss loss = Catalogue.build(type, row.options(), null);
        for (String other : Outcome.engines()) {
            if (other.equals(engine)) {
                continue;
            }
            try (NDManager manager = Place.manager(engine);
                    NDManager foreign = Place.manager(other)) {
                NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                for (int i = 0; i < labels.size(); i++) {
                    NDArray strange = row.labels().get(i).array(foreign, DataType.FLOAT32);
                    String place = "labels[" + i + "] must belong to the engine";
                    rejects(loss, replaced(labels, i, strange), predictions, place);
                }
                for (int i = 1; i < predictions.size(); i++) {
                    NDArray strange = row.predictions().get(i).array(foreign, DataType.FLOAT32);
                    String place = "predictions[" + i + "] must belong to the engine";
                    rejects(loss, labels, replaced(predictions, i, strange), place);
                }
            }
        }
    }

    @Test(dataProvider = "enginesAndLosses")
    public void indicesOutOfRangeNeverReachTheEngine(String engine, Class<? extends Loss> type) {
        Declaration declaration = Declarations.of(type);
        if (!declaration.has(Trait.INDEX_LABELS)) {
            return;
        }
        int tried = 0;
        for (GoldenRow row : GoldenRow.seeds(type)) {
            if (row.labels().isEmpty()) {
                continue;
            }
            Data label = row.labels().get(0);
            boolean read = // the targets of CTC up to their lengths, the last of its labels
                    declaration.kind() != Kind.SEQUENCES
                            || (row.labels().size() == 3 && row.labels().get(2).isPositive());
            boolean indices =
                    (declaration.kind() == Kind.CLASS_LISTS
                                    || !label.shape().equals(row.predictions().get(0).shape()))
                            && (!label.isFloating() || label.shape().dimension() <= 1)
                            && read
                            && !label.type().equals("boolean") // holds nothing else
                            && !row.has("sampleWeighting");
            if (!indices) {
                continue;
            }
            Loss loss = Catalogue.build(type, row.options(), null);
            for (double bad : new double[] {-7, 1_000_000, Double.NaN}) {
                if ((Double.isNaN(bad) && !label.isFloating())
                        || (bad < 0 && label.type().equals("uint8"))) {
                    continue;
                }
                Data wrong = label.type().equals("uint8") ? label.with(0, 200) : label.with(0, bad);
                try (NDManager manager = Place.manager(engine)) {
                    NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                    NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                    NDArray array = wrong.array(manager, DataType.FLOAT32);
                    rejects(loss, replaced(labels, 0, array), predictions, "but ");
                    tried++;
                }
            }
        }
        Tally.count("BadInputIT.indicesOutOfRangeNeverReachTheEngine", type, tried, "no indices");
    }

    @Test(dataProvider = "enginesAndLosses")
    public void masksAndWeightsOfTheWrongShapeAreRejected(
            String engine, Class<? extends Loss> type) {
        GoldenRow row = GoldenRow.seeds(type).get(0);
        for (SampleWeighting weighting : SampleWeighting.values()) {
            Object builder = Catalogue.builder(type);
            if (weighting == SampleWeighting.NONE
                    || Catalogue.method(builder, "optSampleWeighting") == null) {
                continue;
            }
            JsonObject options = row.options().deepCopy();
            options.addProperty("sampleWeighting", weighting.name());
            try (NDManager manager = Place.manager(engine)) {
                NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                IllegalArgumentException e =
                        expectThrows(
                                IllegalArgumentException.class,
                                () ->
                                        Catalogue.build(type, options, null)
                                                .evaluate(
                                                        more(labels, manager.ones(ODD)),
                                                        predictions));
                String message = String.valueOf(e.getMessage());
                assertTrue(message.startsWith(type.getSimpleName() + ": "), message);
                assertTrue(message.contains("sample"), message);
            }
        }
    }

    @Test(dataProvider = "enginesAndLosses")
    public void weightsOfAnotherLengthAreRejected(String engine, Class<? extends Loss> type) {
        GoldenRow row = GoldenRow.seeds(type).get(0);
        for (Method option : Catalogue.ownOptions(type)) {
            boolean perClass =
                    option.getParameterCount() == 1
                            && option.getParameterTypes()[0] == double[].class;
            if (!perClass) {
                continue;
            }
            JsonArray weights = new JsonArray();
            for (int i = 0; i < 97; i++) {
                weights.add(1);
            }
            JsonObject options = row.options().deepCopy();
            options.add(Catalogue.option(option), weights);
            Loss loss = Catalogue.build(type, options, null);
            try (NDManager manager = Place.manager(engine)) {
                NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                rejects(loss, labels, predictions, Catalogue.option(option));
            }
        }
    }

    @DataProvider
    public Object[][] subjects() {
        List<Object[]> pairs = new ArrayList<>();
        for (Subject subject : Subject.all(1)) {
            for (String engine : Outcome.engines()) {
                pairs.add(new Object[] {engine, subject});
            }
        }
        return pairs.toArray(Object[][]::new);
    }

    /** Lists and arrays that are missing, arrays that are closed or sparse. */
    @SuppressWarnings("NullAway") // what users do nevertheless
    @Test(dataProvider = "subjects")
    public void arraysThatCannotBeReadAreNamed(String engine, Subject subject) {
        try (NDManager manager = Place.manager(engine)) {
            Loss loss = subject.build(manager);
            loss.addAccumulator("epoch");
            NDList labels = Data.arrays(subject.row().labels(), manager, DataType.FLOAT32);
            NDList predictions =
                    Data.arrays(subject.row().predictions(), manager, DataType.FLOAT32);
            says(loss, null, predictions, "labels must be a list of arrays, but was null");
            says(loss, labels, null, "predictions must be a list of arrays, but was null");
            NDArray closed = manager.ones(new Shape(2, 3));
            closed.close();
            NDManager own = manager.newSubManager();
            NDArray ofClosed = own.ones(new Shape(2, 3));
            own.close();
            NDArray sparse = sparse(manager.ones(new Shape(2, 3)));
            for (NDArray array : new NDArray[] {null, closed, ofClosed, sparse}) {
                String rest =
                        array == null
                                ? " must be an array, but was null"
                                : array == sparse
                                        ? " must be dense, but was " + sparse.getSparseFormat()
                                        : " must be open, but was closed, or its manager was";
                for (int i = 0; i < labels.size(); i++) {
                    says(loss, replaced(labels, i, array), predictions, "labels[" + i + "]" + rest);
                }
                for (int i = 0; i < predictions.size(); i++) {
                    String message = "predictions[" + i + "]" + rest;
                    says(loss, labels, replaced(predictions, i, array), message);
                }
            }
        }
    }

    private static NDArray sparse(NDArray array) {
        for (SparseFormat format : new SparseFormat[] {SparseFormat.COO, SparseFormat.CSR}) {
            try {
                return array.toSparse(format);
            } catch (RuntimeException e) {
                // The engine has other formats.
            }
        }
        throw new AssertionError("no sparse arrays");
    }

    private static void says(Loss loss, NDList labels, NDList predictions, String rest) {
        MergeableLoss merging = (MergeableLoss) loss;
        for (ThrowingRunnable call :
                List.<ThrowingRunnable>of(
                        () -> loss.evaluate(labels, predictions),
                        () -> merging.value(labels, predictions),
                        () -> merging.fraction(labels, predictions),
                        () -> loss.updateAccumulator("epoch", labels, predictions))) {
            IllegalArgumentException e = expectThrows(IllegalArgumentException.class, call);
            assertEquals(e.getMessage(), loss.getName() + ": " + rest);
        }
    }

    /** A penalty names a parameter whose array is closed. */
    @Test(dataProvider = "enginesOnly")
    public void parametersThatAreClosedAreNamed(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList predictions = new NDList(manager.ones(new Shape(1)));
            for (Subject subject : Subject.all(1)) {
                if (!subject.type().getSimpleName().endsWith("Regularization")) {
                    continue;
                }
                NDManager own = manager.newSubManager();
                Loss loss = subject.build(own);
                own.close();
                IllegalArgumentException e =
                        expectThrows(
                                IllegalArgumentException.class,
                                () -> loss.evaluate(new NDList(), predictions));
                String message = String.valueOf(e.getMessage());
                assertTrue(message.startsWith(loss.getName() + ": parameter "), message);
                assertTrue(message.contains("must be open, but was closed"), message);
            }
        }
    }

    @DataProvider
    public Object[][] enginesOnly() {
        return Outcome.engines().stream()
                .map(engine -> new Object[] {engine})
                .toArray(Object[][]::new);
    }

    // ------------------------------------------------------------------ builders

    @Test(dataProvider = "built")
    public void buildersRejectWhatIsNoNumber(Class<? extends Loss> type) {
        for (Method option : Catalogue.ownOptions(type)) {
            String name = type.getSimpleName() + "." + Catalogue.option(option);
            if (option.getParameterCount() != 1) {
                continue;
            }
            Class<?> parameter = option.getParameterTypes()[0];
            List<Object> nonsense = new ArrayList<>();
            List<Double> numbers = new ArrayList<>(List.of(Double.NaN));
            if (!Declarations.of(type).infiniteOptions().containsKey(Catalogue.option(option))) {
                numbers.add(Double.POSITIVE_INFINITY);
            }
            numbers.add(Double.NEGATIVE_INFINITY);
            numbers.add(Double.MIN_VALUE); // an engine may take it for 0
            numbers.add(-Double.MIN_VALUE);
            for (double number : numbers) {
                if (parameter == double.class) {
                    nonsense.add(number);
                } else if (parameter == float.class) {
                    nonsense.add((float) number);
                } else if (parameter == double[].class) {
                    nonsense.add(new double[] {1, number});
                }
            }
            if (parameter == double[].class) {
                nonsense.add(new double[0]);
            }
            for (Object value : nonsense) {
                IllegalArgumentException e =
                        expectThrows(
                                name + " of " + show(value),
                                IllegalArgumentException.class,
                                () -> Catalogue.call(option, Catalogue.builder(type), value));
                String message = String.valueOf(e.getMessage());
                String start = type.getSimpleName() + ": " + Catalogue.option(option);
                assertTrue(message.startsWith(start) && message.contains(" must "), message);
            }
        }
    }

    @Test
    public void optionsSayWhatTheyTake() {
        says(
                "BCELoss: weight must have as many numbers as its shape (2, 2), but was 3",
                () -> BCELoss.builder().optWeight(new double[] {1, 2, 3}, new Shape(2, 2)));
        says(
                "FocalLoss: alpha must be in [0, 1], or -1 for none, but was -0.5",
                () -> FocalLoss.builder().optAlpha(-0.5));
        says(
                "SigmoidFocalLoss: labelSmoothing must be in [0, 1], but was 1.5",
                () -> SigmoidFocalLoss.builder().optLabelSmoothing(1.5));
        says(
                "GaussianNLLLoss: variance must be finite and at least 0, but was -1.0",
                () -> GaussianNLLLoss.builder().optVariance(-1));
    }

    private static void says(String message, ThrowingRunnable call) {
        assertEquals(expectThrows(IllegalArgumentException.class, call).getMessage(), message);
    }

    /** No number of an option is so large that memory ends where the loss is built. */
    @Test(dataProvider = "built")
    public void buildersTakeNoNumberThatMemoryDoesNotHold(Class<? extends Loss> type) {
        for (Method option : Catalogue.ownOptions(type)) {
            if (option.getParameterCount() != 1 || option.getParameterTypes()[0] != int.class) {
                continue;
            }
            Object builder = Catalogue.builder(type);
            try {
                Catalogue.call(option, builder, Integer.MAX_VALUE);
                Catalogue.build(builder);
            } catch (IllegalArgumentException e) {
                String message = String.valueOf(e.getMessage());
                assertTrue(message.startsWith(type.getSimpleName() + ": "), message);
            }
        }
    }

    @Test
    public void aLossForTooManyLabelsIsRejected() {
        IllegalArgumentException e =
                expectThrows(
                        IllegalArgumentException.class,
                        () -> Losses.multiLabelLoss(Losses.l1Loss(), Integer.MAX_VALUE));
        assertEquals(
                e.getMessage(), "MultiLabelLoss: labels must be in [1, 10000], but was 2147483647");
    }

    @Test(dataProvider = "built")
    public void buildersRejectNull(Class<? extends Loss> type) {
        Object builder = Catalogue.builder(type);
        for (Method option : builder.getClass().getMethods()) {
            if (option.getName().matches("(opt|set)[A-Z].*")
                    && option.getParameterCount() == 1
                    && !option.getParameterTypes()[0].isPrimitive()
                    && !option.isBridge()) {
                expectThrows(
                        type.getSimpleName() + "." + Catalogue.option(option) + " of null",
                        NullPointerException.class,
                        () -> Catalogue.call(option, builder, new Object[] {null}));
            }
        }
    }

    // ------------------------------------------------------------------ helpers

    private static String show(Object value) {
        return value instanceof double[] values ? Arrays.toString(values) : value.toString();
    }

    private static void rejects(Loss loss, NDList labels, NDList predictions, String part) {
        String call = loss.getName() + " must reject " + labels + " " + predictions;
        Throwable thrown = null;
        try {
            loss.evaluate(labels, predictions);
        } catch (RuntimeException e) {
            thrown = e;
        }
        if (!(thrown instanceof IllegalArgumentException)) {
            throw new AssertionError(call + ", but gave " + thrown, thrown);
        }
        String message = String.valueOf(thrown.getMessage());
        assertTrue(message.startsWith(loss.getName() + ": "), call + ": " + message);
        assertTrue(message.contains(part), call + " because of " + part + ", but said: " + message);
        if (loss instanceof AbstractLoss template) {
            expectThrows(IllegalArgumentException.class, () -> template.value(labels, predictions));
        }
    }

    private static NDList replaced(NDList list, int index, NDArray array) {
        NDList copy = new NDList(list);
        copy.set(index, array);
        return copy;
    }

    private static NDList more(NDList list, NDArray extra) {
        NDList copy = new NDList(list);
        copy.add(extra);
        return copy;
    }

    /** Adds three arrays, as one or two more may be optional inputs. */
    private static NDList tripled(NDList list, NDArray extra) {
        return more(more(more(list, extra), extra), extra);
    }
}
