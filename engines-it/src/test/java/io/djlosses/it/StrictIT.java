/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import io.djlosses.api.AbstractLoss;
import io.djlosses.binary.BCELoss;
import io.djlosses.binary.BCEWithLogitsLoss;
import io.djlosses.binary.FocalLoss;
import io.djlosses.binary.GHMCLoss;
import io.djlosses.binary.HingeLoss;
import io.djlosses.binary.LogisticLoss;
import io.djlosses.binary.SigmoidFocalLoss;
import io.djlosses.binary.SoftMarginLoss;
import io.djlosses.binary.SquaredHingeLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.classification.MultiLabelSoftMarginLoss;
import io.djlosses.classification.NLLLoss;
import io.djlosses.classification.SoftmaxCrossEntropyWithLogits;
import io.djlosses.classification.SoftmaxFocalLoss;
import io.djlosses.distribution.GaussianNLLLoss;
import io.djlosses.distribution.KLDivLoss;
import io.djlosses.distribution.PoissonNLLLoss;
import io.djlosses.embedding.CosineEmbeddingLoss;
import io.djlosses.embedding.HingeEmbeddingLoss;
import io.djlosses.nd.Nd;
import io.djlosses.ranking.MarginRankingLoss;
import io.djlosses.segmentation.MultiClassDiceLoss;
import io.djlosses.vocabulary.LinearCrossEntropyLoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Strict validation rejects data that are computed with otherwise. */
public class StrictIT {

    private static final double LN_2 = Math.log(2);

    /** log(1 + exp(−1)). */
    private static final double SOFTPLUS = Math.log1p(Math.exp(-1));

    /**
     * Data that strict validation rejects.
     *
     * @param loss the loss
     * @param options its options
     * @param label the label
     * @param predictions the predictions
     * @param message what is said, behind the name of the loss
     * @param value what they give without strict validation
     */
    private record Bad(
            Class<? extends Loss> loss,
            String options,
            Data label,
            List<Data> predictions,
            String message,
            double value) {
        /** {@inheritDoc} */
        @Override
        public String toString() {
            return loss.getSimpleName() + " " + options + " " + message;
        }
    }

    private static Bad bad(
            Class<? extends Loss> loss,
            String options,
            double label,
            double x,
            String message,
            double value) {
        return new Bad(loss, options, column(label), List.of(column(x)), message, value);
    }

    private static Data column(double value) {
        return Data.of(new Shape(1, 1), value);
    }

    private static Data row(double... values) {
        return new Data("float", new Shape(1, values.length), values);
    }

    private static final String SIGNS = "labels[0] must hold -1 or 1 (strict validation), but was ";
    private static final String UNIT =
            "labels[0] must hold values in [0, 1] (strict validation), but was ";
    private static final String PROBABILITY =
            "predictions[0] must hold values in [0, 1] (strict validation), but was ";
    private static final String SUM =
            "labels[0] must hold probabilities that sum to 1 over the classes (strict"
                    + " validation), but was something else";

    /** Classes on axis 2, of which those on axis 1 make no distributions. */
    private static final Data LAST =
            new Data("float", new Shape(1, 2, 2), new double[] {0.25, 0.75, 0.25, 0.75});

    private static final String AXIS =
            " must hold probabilities that sum to 1 over the classes, which are on axis 1 (strict"
                    + " validation), but was probabilities over axis 2, which optClassAxis can"
                    + " name";

    private static Bad axis(Class<? extends Loss> loss, String options, double value) {
        List<Data> zeros = List.of(LAST.map(x -> 0));
        return new Bad(loss, options, LAST, zeros, "labels[0]" + AXIS, value);
    }

    private static final List<Bad> TABLE =
            List.of(
                    axis(CrossEntropyLoss.class, "{}", LN_2),
                    axis(SoftmaxCrossEntropyWithLogits.class, "{reduction: MEAN}", LN_2),
                    axis(SoftmaxFocalLoss.class, "{gamma: 0, reduction: SUM}", LN_2),
                    axis(MultiClassDiceLoss.class, "{}", 1 - 1 / 1.12501),
                    new Bad(
                            NLLLoss.class,
                            "{}",
                            new Data("int64", new Shape(1, 2), new double[2]),
                            List.of(LAST.map(Math::log)),
                            "the exponential of predictions[0]" + AXIS,
                            -Math.log(0.25 * 0.75) / 2),
                    bad(HingeLoss.class, "{}", 0, 3, SIGNS + "0.0", 1),
                    bad(SquaredHingeLoss.class, "{}", 0.5, -2, SIGNS + "0.5", 4),
                    bad(SoftMarginLoss.class, "{}", 0.5, 2, SIGNS + "0.5", SOFTPLUS),
                    bad(LogisticLoss.class, "{}", 0.5, 2, SIGNS + "0.5", SOFTPLUS),
                    bad(
                            LogisticLoss.class,
                            "{labelFormat: BINARY}",
                            2,
                            1,
                            "labels[0] must hold 0 or 1 (strict validation), but was 2.0",
                            Math.log1p(Math.exp(-3))),
                    new Bad(
                            MarginRankingLoss.class,
                            "{}",
                            column(0.5),
                            List.of(column(0), column(1)),
                            SIGNS + "0.5",
                            0.5),
                    bad(HingeEmbeddingLoss.class, "{}", 0, 0.25, SIGNS + "0.0", 1),
                    new Bad(
                            CosineEmbeddingLoss.class,
                            "{}",
                            Data.of(new Shape(1), 0),
                            List.of(row(1, 0), row(0, 1)),
                            SIGNS + "0.0",
                            0),
                    bad(BCELoss.class, "{}", 1.5, 0.5, UNIT + "1.5", LN_2),
                    bad(BCELoss.class, "{}", 1, 1.5, PROBABILITY + "1.5", Double.NaN),
                    bad(BCEWithLogitsLoss.class, "{}", 2, 1, UNIT + "2.0", SOFTPLUS - 1),
                    bad(KLDivLoss.class, "{}", 1.5, -1, UNIT + "1.5", 1.5 * (Math.log(1.5) + 1)),
                    bad(KLDivLoss.class, "{}", -0.5, -1, UNIT + "-0.5", Double.NaN),
                    bad(
                            PoissonNLLLoss.class,
                            "{}",
                            -1,
                            1,
                            "labels[0] must hold values of at least 0 (strict validation), but was"
                                    + " -1.0",
                            Math.E + 1),
                    bad(
                            PoissonNLLLoss.class,
                            "{logInput: false}",
                            1,
                            -1,
                            "predictions[0] (a rate) must hold values of at least 0 (strict"
                                    + " validation), but was -1.0",
                            Double.NaN),
                    new Bad(
                            GaussianNLLLoss.class,
                            "{}",
                            column(3),
                            List.of(column(3), column(-1)),
                            "predictions[1] (the variance) must hold values of at least 0 (strict"
                                    + " validation), but was -1.0",
                            0.5 * Math.log(1e-6)),
                    bad(MultiLabelSoftMarginLoss.class, "{}", 2, 1, UNIT + "2.0", SOFTPLUS - 1),
                    bad(FocalLoss.class, "{gamma: 0, alpha: 0.5}", 2, 0.5, UNIT + "2.0", LN_2 / 2),
                    bad(FocalLoss.class, "{}", 1, -0.5, PROBABILITY + "-0.5", Double.NaN),
                    bad(
                            SigmoidFocalLoss.class,
                            "{gamma: 0, alpha: -1}",
                            2,
                            1,
                            UNIT + "2.0",
                            SOFTPLUS - 1),
                    // A gradient beyond the last bin, which weighs nothing.
                    bad(GHMCLoss.class, "{}", 3, 1, UNIT + "3.0", 0),
                    new Bad(
                            CrossEntropyLoss.class,
                            "{}",
                            row(0.5, 0.25),
                            List.of(row(0, 0)),
                            SUM,
                            0.75 * LN_2),
                    new Bad(
                            CrossEntropyLoss.class,
                            "{}",
                            row(1.5, -0.5),
                            List.of(row(0, 0)),
                            SUM,
                            LN_2),
                    new Bad(
                            SoftmaxCrossEntropyWithLogits.class,
                            "{sparse: false}",
                            row(0.5, 0.25),
                            List.of(row(0, 0)),
                            SUM,
                            0.75 * LN_2),
                    new Bad(
                            SoftmaxFocalLoss.class,
                            "{gamma: 0, reduction: SUM}",
                            row(0.5, 0.25),
                            List.of(row(0, 0)),
                            SUM,
                            0.75 * LN_2),
                    new Bad(
                            LinearCrossEntropyLoss.class,
                            "{}",
                            row(1.5, 0),
                            List.of(row(0, 0)),
                            UNIT + "1.5",
                            1.5 * LN_2));

    private static Loss build(Class<? extends Loss> type, JsonObject options, boolean strict) {
        JsonObject all = options.deepCopy();
        if (strict) {
            all.addProperty("validation", "STRICT");
        }
        return Catalogue.build(type, all, null);
    }

    @DataProvider
    public Object[][] table() {
        List<Object[]> rows = new ArrayList<>();
        for (Bad bad : TABLE) {
            for (String engine : Outcome.engines()) {
                rows.add(new Object[] {engine, bad});
            }
        }
        return rows.toArray(Object[][]::new);
    }

    @Test(dataProvider = "table")
    public void badDataAreRejectedAndComputedWithOtherwise(String engine, Bad bad) {
        JsonObject options = JsonParser.parseString(bad.options).getAsJsonObject();
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            try (NDManager manager = Engine.getEngine(engine).newBaseManager()) {
                NDList labels = new NDList(bad.label.array(manager, type));
                NDList predictions = Data.arrays(bad.predictions, manager, type);
                Loss strict = build(bad.loss, options, true);
                IllegalArgumentException e =
                        expectThrows(
                                IllegalArgumentException.class,
                                () -> strict.evaluate(labels, predictions));
                assertEquals(e.getMessage(), bad.loss.getSimpleName() + ": " + bad.message);
                NDArray value = build(bad.loss, options, false).evaluate(labels, predictions);
                assertEquals(Nd.toDoubles(value)[0], bad.value, 1e-6, bad.toString());
            }
        }
    }

    /** Whatever checks its data has a row above. */
    @Test
    public void theTableIsComplete() throws IOException {
        Set<Class<? extends Loss>> rejecting =
                TABLE.stream().map(Bad::loss).collect(Collectors.toSet());
        for (Class<? extends Loss> loss : Catalogue.losses()) {
            Path source =
                    Path.of("..", "losses", "src", "main", "java")
                            .resolve(loss.getName().replace('.', '/') + ".java");
            boolean checks = Files.readString(source).contains("void checkData(");
            assertEquals(rejecting.contains(loss), checks, loss.getName());
        }
    }

    @DataProvider
    public Object[][] enginesAndLosses() {
        return Catalogue.onEveryEngine();
    }

    @Test(dataProvider = "enginesAndLosses")
    public void predictionsMustBeFinite(String engine, Class<? extends Loss> type) {
        GoldenRow row = GoldenRow.seeds(type).get(0);
        String name = type.getSimpleName();
        try (NDManager manager = Engine.getEngine(engine).newBaseManager()) {
            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
            for (int i = 0; i < row.predictions().size(); i++) {
                for (double number :
                        new double[] {
                            Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY
                        }) {
                    NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                    Data data = row.predictions().get(i);
                    Data spoilt = data.with(data.values().length - 1, number);
                    predictions.set(i, spoilt.array(manager, DataType.FLOAT32));
                    Loss strict = build(type, row.options(), true);
                    IllegalArgumentException e =
                            expectThrows(
                                    IllegalArgumentException.class,
                                    () -> strict.evaluate(labels, predictions));
                    assertEquals(
                            e.getMessage(),
                            name
                                    + ": predictions["
                                    + i
                                    + "] must be finite (strict validation), but was NaN or"
                                    + " infinite");
                    build(type, row.options(), false).evaluate(labels, predictions);
                }
            }
        }
    }

    /** Strict validation changes no value, and rejects nothing that is as the Javadoc wants it. */
    @Test(dataProvider = "enginesAndLosses")
    public void goodDataPass(String engine, Class<? extends Loss> type) {
        int passed = 0;
        for (GoldenRow row : GoldenRow.seeds(type)) {
            try (NDManager manager = Engine.getEngine(engine).newBaseManager()) {
                NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                AbstractLoss usual = (AbstractLoss) build(type, row.options(), false);
                double[] expected = Nd.toDoubles(usual.value(labels, predictions));
                double[] actual;
                try {
                    AbstractLoss strict = (AbstractLoss) build(type, row.options(), true);
                    actual = Nd.toDoubles(strict.value(labels, predictions));
                } catch (IllegalArgumentException e) {
                    assertTrue(e.getMessage().contains("(strict validation)"), e.getMessage());
                    continue;
                }
                assertTrue(Arrays.equals(actual, expected), row.toString());
                passed++;
            }
        }
        assertTrue(passed > 0, "strict validation rejects all rows of " + type);
    }
}
