/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.SampleWeighting;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.classification.NLLLoss;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;
import io.djlosses.vocabulary.LinearCrossEntropyLoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Weights of any sign: those that cancel, and those that strict validation rejects. */
public class WeightsIT {

    private static final String NEGATIVE =
            ": the sample weights (the last of labels) must hold values of at least 0 (strict"
                    + " validation), but was -1.0";

    /** Options with which the values have other shares than 1, or an array of their own. */
    private static final List<String> OTHERS =
            List.of("weight", "ignoreIndex", "sampleWeighting", "momentum");

    @DataProvider
    public Object[][] enginesAndLosses() {
        return Catalogue.onEveryEngine();
    }

    @DataProvider
    public Object[][] losses() {
        return Catalogue.each();
    }

    /**
     * Returns a row with weights of its first two values, and 0 for the others, as the last of the
     * labels; a loss of a single value gets their sum.
     */
    private static GoldenRow weighted(Class<? extends Loss> type, double one, double two) {
        for (GoldenRow row : GoldenRow.seeds(type)) {
            if (OTHERS.stream().noneMatch(row::has)
                    && row.predictions().get(0).values().length > 1) {
                Loss loss = Catalogue.build(type, row.optionsWith("NONE"), null);
                Shape shape = Outcome.of("PyTorch", loss, row, DataType.FLOAT64, null, 1).shape();
                Data weights = new Data("float", new Shape(), new double[] {one + two});
                if (!shape.isScalar()) {
                    int size = (int) shape.get(0);
                    if (size < 2) {
                        continue;
                    }
                    weights = Data.of(new Shape(size), 0).with(0, one).with(1, two);
                } else if (!Declarations.of(type).has(Trait.WHOLE_BATCH)) {
                    continue; // a sample of many
                }
                List<Data> labels = new ArrayList<>(row.labels());
                labels.add(weights);
                return row.with(labels, row.predictions());
            }
        }
        throw new AssertionError(type + " has no row of several values");
    }

    private static boolean takesWeights(Class<? extends Loss> type) {
        return Catalogue.method(Catalogue.builder(type), "optSampleWeighting") != null
                && !Declarations.of(type).has(Trait.MEAN_ONLY);
    }

    private static JsonObject options(GoldenRow row, SampleWeighting weighting) {
        JsonObject options = row.options().deepCopy();
        options.addProperty("sampleWeighting", weighting.name());
        options.addProperty("reduction", "MEAN");
        return options;
    }

    /** Sample weights that sum to 0 leave nothing to average. */
    @Test(dataProvider = "enginesAndLosses")
    public void sampleWeightsMayCancel(String engine, Class<? extends Loss> type) {
        if (takesWeights(type)) {
            GoldenRow row = weighted(type, 1, -1);
            JsonObject options = options(row, SampleWeighting.MEAN_BY_WEIGHT);
            nothingIsLeft(engine, type, options, row);
        }
    }

    @DataProvider
    public Object[][] classWeights() {
        Data classes = new Data("int64", new Shape(3), new double[] {0, 1, 2});
        Data x = new Data("float", new Shape(3, 3), new double[] {1, 2, 3, 0, 5, 1, 4, 1, 2});
        GoldenRow scores = GoldenRow.of(List.of(classes), List.of(x));
        GoldenRow layer = GoldenRow.of(List.of(classes), List.of(x, x.with(0, 0.5)));
        List<Object[]> rows = new ArrayList<>();
        for (String engine : Outcome.engines()) {
            rows.add(new Object[] {engine, CrossEntropyLoss.class, scores});
            rows.add(new Object[] {engine, NLLLoss.class, scores});
            rows.add(new Object[] {engine, LinearCrossEntropyLoss.class, layer});
        }
        return rows.toArray(Object[][]::new);
    }

    /** Class weights that sum to 0 over the targets leave nothing to average. */
    @Test(dataProvider = "classWeights")
    public void classWeightsMayCancel(String engine, Class<? extends Loss> type, GoldenRow row) {
        for (String more : new String[] {"", ", validation: SHAPES"}) {
            String options = "{weight: [-0.5, 0.25, 0.25]" + more + "}";
            nothingIsLeft(engine, type, JsonParser.parseString(options).getAsJsonObject(), row);
        }
    }

    private static void nothingIsLeft(
            String engine, Class<? extends Loss> type, JsonObject options, GoldenRow row) {
        for (DataType dataType : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            for (Choice reading : Choice.of(engine)) {
                for (EmptyPolicy policy : EmptyPolicy.values()) {
                    JsonObject all = options.deepCopy();
                    all.addProperty("emptyPolicy", policy.name());
                    String where = type.getSimpleName() + " " + reading + " " + all;
                    AbstractLoss loss = (AbstractLoss) Catalogue.build(type, all, reading);
                    if (policy == EmptyPolicy.ERROR) {
                        expectThrows(
                                IllegalArgumentException.class,
                                () -> Outcome.of(engine, loss, row, dataType, null, 1));
                        continue;
                    }
                    double expected = policy == EmptyPolicy.ZERO ? 0 : Double.NaN;
                    Outcome outcome = Outcome.of(engine, loss, row, dataType, null, 1);
                    assertEquals(outcome.value(), new double[] {expected}, where);
                    for (double[] gradient : outcome.gradients()) {
                        boolean isZero = Arrays.stream(gradient).allMatch(slope -> slope == 0);
                        assertTrue(isZero, where + ": " + Arrays.toString(gradient));
                    }
                    loss.addAccumulator("epoch");
                    try (NDManager manager = Place.manager(engine)) {
                        NDList labels = Data.arrays(row.labels(), manager, dataType);
                        NDList predictions = Data.arrays(row.predictions(), manager, dataType);
                        loss.updateAccumulator("epoch", labels, predictions);
                        assertEquals(loss.getAccumulatorAsDouble("epoch"), expected, where);
                        double fraction =
                                loss.fraction(labels, predictions)
                                        .value()
                                        .toType(DataType.FLOAT64, false)
                                        .getDouble();
                        assertEquals(fraction, expected, where);
                    }
                }
            }
        }
    }

    @Test(dataProvider = "enginesAndLosses")
    public void strictValidationRejectsNegativeSampleWeights(
            String engine, Class<? extends Loss> type) {
        if (!takesWeights(type)) {
            return;
        }
        GoldenRow row = weighted(type, 0, -1);
        for (SampleWeighting weighting :
                new SampleWeighting[] {
                    SampleWeighting.MEAN_BY_COUNT, SampleWeighting.MEAN_BY_WEIGHT
                }) {
            JsonObject options = options(row, weighting);
            options.addProperty("validation", "STRICT");
            try (NDManager manager = Place.manager(engine)) {
                NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                Loss strict = Catalogue.build(type, options, null);
                IllegalArgumentException e =
                        expectThrows(
                                IllegalArgumentException.class,
                                () -> strict.evaluate(labels, predictions));
                assertEquals(e.getMessage(), type.getSimpleName() + NEGATIVE);
            }
        }
    }

    /** The weights of a builder, whichever is set first. */
    @Test(dataProvider = "losses")
    public void strictValidationRejectsNegativeWeights(Class<? extends Loss> type) {
        for (Method option : Catalogue.ownOptions(type)) {
            if (option.getParameterTypes()[0] != double[].class) {
                continue;
            }
            String name = Catalogue.option(option);
            boolean isShaped = option.getParameterCount() > 1;
            String value = "[1, -1]";
            value = isShaped ? "{" + name + ": " + value + ", shape: [2, 1, 1]}" : value;
            for (String text :
                    new String[] {
                        "{" + name + ": " + value + ", validation: STRICT}",
                        "{validation: STRICT, " + name + ": " + value + "}"
                    }) {
                JsonObject options = JsonParser.parseString(text).getAsJsonObject();
                IllegalArgumentException e =
                        expectThrows(
                                IllegalArgumentException.class,
                                () -> Catalogue.build(type, options, null));
                assertEquals(
                        e.getMessage(),
                        type.getSimpleName()
                                + ": "
                                + name
                                + "[1] must be at least 0 (strict validation), but was -1.0");
                options.remove("validation");
                Catalogue.build(type, options, null);
            }
        }
    }
}
