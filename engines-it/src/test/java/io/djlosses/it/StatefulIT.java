/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertNotEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.initializer.ConstantInitializer;
import ai.djl.training.loss.Loss;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Reduction;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.embedding.TripletMarginWithDistanceLoss;
import io.djlosses.nd.Nd;
import io.djlosses.regression.L1Loss;
import io.djlosses.regularization.ElasticNetRegularization;
import io.djlosses.regularization.L1Regularization;
import io.djlosses.regularization.L2Regularization;
import io.djlosses.vocabulary.CandidateSampler;
import io.djlosses.vocabulary.SampledSoftmaxLoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.lang.reflect.Method;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.random.RandomGenerator;

/**
 * A function of the user may count, draw or look at a clock. Every call must see what it says now,
 * also on an engine that records formulas.
 */
public class StatefulIT {

    /** The options that take a function, each of which a test here calls. */
    private static final Set<String> FUNCTIONS =
            Set.of("optDistanceFunction", "optParameters", "optSampler");

    private int counter;

    @DataProvider
    public Object[][] engines() {
        return Outcome.onEveryEngine();
    }

    private static NDArray array(NDManager manager, Shape shape, double... values) {
        return Nd.create(manager, values, shape, DataType.FLOAT32);
    }

    private double[] values(Loss loss, NDList labels, NDList predictions) {
        double[] values = new double[4];
        for (int i = 0; i < values.length; i++) {
            counter = i + 1;
            values[i] = Nd.toDoubles(loss.evaluate(labels, predictions))[0];
        }
        return values;
    }

    @Test
    public void everyOptionThatTakesAFunctionIsTried() {
        Set<String> found = new TreeSet<>();
        for (Class<? extends Loss> loss : Catalogue.losses()) {
            for (Method method : Catalogue.builder(loss).getClass().getMethods()) {
                for (Class<?> type : method.getParameterTypes()) {
                    boolean isFunction =
                            type.isAnnotationPresent(FunctionalInterface.class)
                                    || type == CandidateSampler.class
                                    || type == BiPredicate.class;
                    if (method.getName().matches("(opt|set|add)[A-Z].*") && isFunction) {
                        found.add(method.getName());
                    }
                }
            }
        }
        assertEquals(found, new TreeSet<>(FUNCTIONS));
    }

    @Test(dataProvider = "engines")
    public void aDistance(String engine) {
        Loss loss =
                TripletMarginWithDistanceLoss.builder()
                        .optDistanceFunction(
                                (a, b) -> a.sub(b).abs().sum(new int[] {1}).mul(counter))
                        .build();
        try (NDManager manager = Place.manager(engine)) {
            Shape shape = new Shape(1, 2);
            NDList predictions =
                    new NDList(
                            array(manager, shape, 1, 0),
                            array(manager, shape, 4, 0),
                            array(manager, shape, 2, 0));
            // 3 c − c + 1
            assertEquals(values(loss, new NDList(), predictions), new double[] {3, 5, 7, 9});
        }
    }

    /** The loss of a user. */
    private final class Counting extends ElementwiseLoss {

        Counting(SimpleBuilder<Counting> builder) {
            super(builder);
        }

        @Override
        protected NDArray unreduced(NDArray label, NDArray prediction) {
            return prediction.sub(label).mul(counter);
        }
    }

    @Test(dataProvider = "engines")
    public void aLossOfTheUser(String engine) {
        SimpleBuilder<Counting> builder = new SimpleBuilder<>("Counting", Counting::new);
        try (NDManager manager = Place.manager(engine)) {
            NDList label = new NDList(array(manager, new Shape(2), 0, 0));
            NDList prediction = new NDList(array(manager, new Shape(2), 1, 3));
            assertEquals(values(builder.build(), label, prediction), new double[] {2, 4, 6, 8});
        }
    }

    @Test(dataProvider = "engines")
    public void aReduction(String engine) {
        Reduction reduction = Reduction.of("COUNTED", values -> values.sum().mul(counter));
        Loss loss = L1Loss.builder().optReduction(reduction).build();
        try (NDManager manager = Place.manager(engine)) {
            NDList label = new NDList(array(manager, new Shape(2), 0, 0));
            NDList prediction = new NDList(array(manager, new Shape(2), 1, -3));
            assertEquals(values(loss, label, prediction), new double[] {4, 8, 12, 16});
        }
    }

    @Test(dataProvider = "engines")
    public void aChoiceOfParameters(String engine) {
        BiPredicate<String, Parameter> odd = (name, parameter) -> counter % 2 == 1;
        try (NDManager manager = Place.manager(engine)) {
            Block block = Linear.builder().setUnits(1).build();
            block.setInitializer(new ConstantInitializer(1), parameter -> true);
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
            NDList prediction = new NDList(array(manager, new Shape(1), 0));
            Loss[] losses = {
                L1Regularization.builder().setBlock(block).optParameters(odd).build(),
                L2Regularization.builder().setBlock(block).optParameters(odd).build(),
                ElasticNetRegularization.builder()
                        .setBlock(block)
                        .optParameters(odd)
                        .optLambda2(0)
                        .build()
            };
            for (Loss loss : losses) {
                double[] values = values(loss, new NDList(), prediction);
                assertEquals(values, new double[] {3, 0, 3, 0}, loss.toString());
            }
        }
    }

    /** Draws one class more often from call to call. */
    private final class Counter implements CandidateSampler {

        @Override
        public long sample(RandomGenerator random, long classes) {
            return counter % classes;
        }

        @Override
        public double probability(long id, long classes) {
            return 1.0 / classes;
        }
    }

    @Test(dataProvider = "engines")
    public void aSampler(String engine) {
        Loss loss =
                SampledSoftmaxLoss.builder()
                        .setNumSampled(1)
                        .optUnique(false)
                        .optSampler(new Counter())
                        .optReduction(Reduction.MEAN)
                        .build();
        try (NDManager manager = Place.manager(engine)) {
            NDList predictions =
                    new NDList(
                            array(manager, new Shape(6, 1), 0, 1, 2, 3, 4, 5),
                            array(manager, new Shape(6), 0, 0, 0, 0, 0, 0),
                            array(manager, new Shape(1, 1), 1));
            NDList labels = new NDList(Nd.create(manager, new long[] {0}, new Shape(1)));
            double[] values = values(loss, labels, predictions);
            for (int i = 0; i < values.length; i++) {
                // log(e⁰ + eᶜ), where the logarithms of the expected counts are equal.
                assertEquals(values[i], Math.log1p(Math.exp(i + 1)), 1e-5);
            }
            assertNotEquals(values[0], values[1]);
        }
    }
}
