/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertThrows;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.GradientCollector;
import ai.djl.training.initializer.ConstantInitializer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;

import io.djlosses.Losses;
import io.djlosses.api.Choice;
import io.djlosses.api.LossBuilder;
import io.djlosses.composite.MultiLabelLoss;
import io.djlosses.composite.WeightedSumLoss;
import io.djlosses.nd.Nd;
import io.djlosses.optimizer.ParameterGroups;
import io.djlosses.regularization.ElasticNetRegularization;
import io.djlosses.regularization.L1Regularization;
import io.djlosses.regularization.L2Regularization;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.List;
import java.util.stream.Stream;

/** Penalties on live parameters, sums of losses, and optimizers in groups. */
public class RegularizationIT {

    private static final double[] WEIGHTS = {1, -2, 3, 0};

    @DataProvider
    public Object[][] engines() {
        return Stream.of("PyTorch", "MXNet")
                .filter(Engine::hasEngine)
                .map(name -> new Object[] {name})
                .toArray(Object[][]::new);
    }

    /** A linear layer with known weights and biases 5, followed by a normalization. */
    private static Block block(NDManager manager) {
        SequentialBlock block =
                new SequentialBlock()
                        .add(Linear.builder().setUnits(2).build())
                        .add(BatchNorm.builder().build());
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        for (Parameter parameter : block.getParameters().values()) {
            switch (parameter.getType()) {
                case WEIGHT -> set(manager, parameter, WEIGHTS);
                case BIAS -> set(manager, parameter, 5, 5);
                default -> {}
            }
        }
        return block;
    }

    private static void set(NDManager manager, Parameter parameter, double... values) {
        NDArray array = parameter.getArray();
        Nd.create(manager, values, array.getShape(), DataType.FLOAT32).copyTo(array);
    }

    private static Parameter parameter(Block block, Parameter.Type type) {
        return block.getParameters().values().stream()
                .filter(parameter -> parameter.getType() == type)
                .findFirst()
                .orElseThrow();
    }

    private static double[] gradient(Engine engine, Loss loss, NDArray x, Parameter parameter) {
        try (GradientCollector collector = engine.newGradientCollector()) {
            // Some other path to every parameter, as there is in training.
            NDArray value = loss.evaluate(new NDList(), new NDList(x));
            collector.backward(value.mul(3f));
        }
        return Nd.toDoubles(parameter.getArray().getGradient());
    }

    @Test(dataProvider = "engines")
    public void penaltiesFollowTheirFormulas(String name) {
        Engine engine = Engine.getEngine(name);
        try (NDManager manager = Place.manager(engine)) {
            NDArray x = manager.ones(new Shape(1));
            for (Object[] row :
                    new Object[][] {
                        {"L1", 0.5 * 6, new double[] {0.5, -0.5, 0.5, 0}},
                        {"L2", 0.5 * 14, new double[] {1, -2, 3, 0}},
                        {"half L2", 0.25 * 14, new double[] {0.5, -1, 1.5, 0}},
                        {"elastic", 0.5 * 6 + 0.25 * 14, new double[] {1, -1.5, 2, 0}},
                        {"half elastic", 6.0 + 7, new double[] {2, -3, 4, 0}},
                    }) {
                Block block = block(manager); // gradients accumulate on some engines
                var half = L2Regularization.Convention.HALF_SQUARED;
                Loss loss =
                        switch ((String) row[0]) {
                            case "L1" -> Losses.l1Regularization(block, 0.5);
                            case "L2" -> Losses.l2Regularization(block, 0.5);
                            case "half L2" ->
                                    L2Regularization.builder()
                                            .setBlock(block)
                                            .optLambda(0.5)
                                            .optConvention(half)
                                            .build();
                            case "elastic" -> Losses.elasticNetRegularization(block, 0.5, 0.25);
                            default ->
                                    ElasticNetRegularization.builder()
                                            .setBlock(block)
                                            .optConvention(half)
                                            .build();
                        };
                assertEquals(
                        loss.evaluate(new NDList(), new NDList(x)).getFloat(),
                        ((Double) row[1]).floatValue(),
                        (String) row[0]);
                double[] expected = (double[]) row[2];
                double[] actual =
                        gradient(engine, loss, x, parameter(block, Parameter.Type.WEIGHT));
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(actual[i], 3 * expected[i], 1e-6, row[0] + " gradient " + i);
                }
                assertEquals(
                        Nd.toDoubles(
                                parameter(block, Parameter.Type.BIAS).getArray().getGradient()),
                        new double[2],
                        "biases are left alone");
            }
        }
    }

    @Test(dataProvider = "engines")
    public void penaltyFollowsTheLiveModel(String name) {
        try (Model model = Place.model(name)) {
            NDManager manager = model.getNDManager();
            Loss loss = L1Regularization.builder().setModel(model).build();
            NDList x = new NDList(manager.ones(new Shape(1)));
            model.setBlock(block(manager));
            assertEquals(loss.evaluate(new NDList(), x).getFloat(), 6f);
            set(manager, parameter(model.getBlock(), Parameter.Type.WEIGHT), 1, 1, 1, 1);
            assertEquals(loss.evaluate(new NDList(), x).getFloat(), 4f);
            model.getBlock().freezeParameters(true);
            assertEquals(loss.evaluate(new NDList(), x).getFloat(), 0f, "frozen");
            Loss all =
                    L1Regularization.builder()
                            .setModel(model)
                            .optParameters((id, parameter) -> id.contains("bias"))
                            .build();
            assertEquals(all.evaluate(new NDList(), x).getFloat(), 10f, "chosen by name");
            model.setBlock(new SequentialBlock().add(Linear.builder().setUnits(2).build()));
            IllegalArgumentException error =
                    expectThrows(
                            IllegalArgumentException.class, () -> loss.evaluate(new NDList(), x));
            assertTrue(
                    String.valueOf(error.getMessage()).contains("initialized"), error.getMessage());
        }
        IllegalArgumentException error =
                expectThrows(
                        IllegalArgumentException.class, () -> L1Regularization.builder().build());
        assertTrue(
                String.valueOf(error.getMessage()).contains("setBlock or setModel"),
                error.getMessage());
    }

    /** A layer that is used twice has its parameters once, in every penalty and reading. */
    @Test(dataProvider = "engines")
    public void aSharedLayerIsPenalizedOnce(String name) {
        Engine engine = Engine.getEngine(name);
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            for (Choice reading : Choice.of(name)) {
                for (LossBuilder<?, ?> penalty : penalties()) {
                    try (NDManager manager = Place.manager(engine)) {
                        Block layer = Linear.builder().setUnits(2).optBias(false).build();
                        Block twice = new SequentialBlock().add(layer).add(layer);
                        twice.setInitializer(new ConstantInitializer(0.5f), parameter -> true);
                        twice.initialize(manager, type, new Shape(1, 2));
                        Loss loss = made(penalty, twice, reading);
                        NDArray x = manager.ones(new Shape(1), type);
                        // Four weights of ½: Σ w² = 1, Σ |w| = 2.
                        double[] once = expected(loss);
                        String what = loss + ", " + reading + ", " + type;
                        NDArray value = loss.evaluate(new NDList(), new NDList(x));
                        assertEquals(Nd.toDoubles(value)[0], 4 * once[0], 1e-6, what);
                        Parameter weight = parameter(layer, Parameter.Type.WEIGHT);
                        for (double g : gradient(engine, loss, x, weight)) {
                            assertEquals(g, 3 * once[1], 1e-6, what);
                        }
                    }
                }
            }
        }
    }

    private static List<LossBuilder<?, ?>> penalties() {
        return List.of(
                L1Regularization.builder(),
                L2Regularization.builder(),
                ElasticNetRegularization.builder());
    }

    private static Loss made(LossBuilder<?, ?> builder, Block block, Choice reading) {
        reading.on(builder);
        if (builder instanceof L1Regularization.Builder one) {
            return one.setBlock(block).build();
        }
        if (builder instanceof L2Regularization.Builder two) {
            return two.setBlock(block).build();
        }
        return ((ElasticNetRegularization.Builder) builder).setBlock(block).build();
    }

    /** Returns value and slope of a penalty at ½. */
    private static double[] expected(Loss loss) {
        return loss instanceof L1Regularization
                ? new double[] {0.5, 1}
                : loss instanceof L2Regularization
                        ? new double[] {0.25, 1}
                        : new double[] {0.75, 2};
    }

    /** Either name of a parameter that a block has twice finds its group. */
    @Test(dataProvider = "engines")
    public void aSharedLayerBelongsToTheGroupOfEitherName(String name) {
        try (NDManager manager = Place.manager(name)) {
            Block layer = Linear.builder().setUnits(2).optBias(false).build();
            Block twice = new SequentialBlock().add(layer).add(layer);
            twice.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
            for (String part : new String[] {"01", "02"}) {
                Tracker rate = Tracker.fixed(0.1f);
                Optimizer groups =
                        ParameterGroups.builder()
                                .setBlock(twice)
                                .addGroup(
                                        part,
                                        Optimizer.sgd()
                                                .setLearningRateTracker(Tracker.fixed(1))
                                                .build())
                                .setDefault(Optimizer.sgd().setLearningRateTracker(rate).build())
                                .build();
                NDArray weight = manager.zeros(new Shape(2));
                Parameter parameter = parameter(layer, Parameter.Type.WEIGHT);
                groups.update(parameter.getId(), weight, weight.onesLike());
                assertEquals(Nd.toDoubles(weight), new double[] {-1, -1}, part);
            }
        }
    }

    /** A sum of FLOAT16 would be infinite from 65520 on. */
    @Test(dataProvider = "engines")
    public void halfPrecisionIsSummedInSingle(String name) {
        Engine engine = Engine.getEngine(name);
        for (Choice reading : Choice.of(name)) {
            for (LossBuilder<?, ?> penalty : penalties()) {
                for (int size : new int[] {1_000_000, 1000}) {
                    try (NDManager manager = Place.manager(engine)) {
                        Block layer = Linear.builder().setUnits(size).optBias(false).build();
                        layer.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
                        Parameter weight = parameter(layer, Parameter.Type.WEIGHT);
                        NDArray half =
                                manager.full(new Shape(size, 1), 0.5f)
                                        .toType(DataType.FLOAT16, false);
                        weight.close();
                        weight.setShape(null);
                        weight.setArray(half);
                        Loss loss = made(penalty, layer, reading);
                        double[] once = expected(loss);
                        NDArray x = manager.ones(new Shape(1));
                        String what = loss + ", " + reading;
                        NDArray value = loss.evaluate(new NDList(), new NDList(x));
                        assertEquals(value.getDataType(), DataType.FLOAT32, what);
                        assertEquals(Nd.toDoubles(value)[0], size * once[0], size * 1e-6, what);
                        if (name.equals("PyTorch")) { // MXNet refuses a FLOAT16 gradient
                            half.setRequiresGradient(true);
                            double[] gradient = gradient(engine, loss, x, weight);
                            assertEquals(half.getGradient().getDataType(), DataType.FLOAT16);
                            assertEquals(gradient[size / 2], 3 * once[1], 1e-2, what);
                        }
                    }
                }
            }
        }
    }

    @Test(dataProvider = "engines")
    public void sumAddsValuesGradientsAndAccumulators(String name) {
        Engine engine = Engine.getEngine(name);
        try (NDManager manager = Place.manager(engine)) {
            Block block = block(manager);
            WeightedSumLoss objective =
                    WeightedSumLoss.builder()
                            .addLoss(Losses.mseLoss())
                            .addLoss(0.5, Losses.l1Regularization(block, 1))
                            .build();
            objective.addAccumulator("epoch");
            double squares = 0;
            for (int size : new int[] {3, 1}) {
                NDArray x = manager.arange(size).toType(DataType.FLOAT32, false).add(1);
                NDArray value = objective.evaluate(new NDList(x.zerosLike()), new NDList(x));
                double sum = 0;
                for (int i = 1; i <= size; i++) {
                    sum += i * i;
                }
                assertEquals(value.getFloat(), sum / size + 3, 1e-5);
                squares += sum;
                objective.updateAccumulators(
                        new String[] {"epoch"}, new NDList(x.zerosLike()), new NDList(x));
            }
            assertEquals(objective.getAccumulator("epoch"), squares / 4 + 3, 1e-5);
            assertEquals(objective.getComponentAccumulator("epoch", 1), 6f);
            objective.resetAccumulator("epoch");
            assertTrue(Float.isNaN(objective.getAccumulator("epoch")));
        }
    }

    @Test(dataProvider = "engines")
    public void multiLabelAveragesSumsAndWeighs(String name) {
        try (NDManager manager = Place.manager(name)) {
            NDArray base = manager.create(new float[] {0.1f, 0.2f, 0.3f});
            NDArray y1 = manager.create(new float[] {0.1f, 0.2f, 0.2f});
            NDArray y2 = manager.create(new float[] {0.4f, 0.2f, 0.3f});
            NDList labels = new NDList(y1, y2);
            MultiLabelLoss average = Losses.multiLabelLoss(Losses.l1Loss(), 2);
            assertEquals(average.evaluate(labels, new NDList(base)).getFloat(), 0.4 / 6, 1e-6);
            assertEquals(average.evaluate(labels, new NDList(base, y2)).getFloat(), 0.1 / 6, 1e-6);
            MultiLabelLoss weighted =
                    MultiLabelLoss.builder()
                            .setLosses(Losses.l1Loss(), Losses.mseLoss())
                            .optWeights(1, 3)
                            .build();
            double expected = (0.1 / 3 + 3 * 0.09 / 3) / 4;
            assertEquals(weighted.evaluate(labels, new NDList(base)).getFloat(), expected, 1e-6);
            MultiLabelLoss sum =
                    MultiLabelLoss.builder()
                            .setLoss(Losses.l1Loss(), 2)
                            .optAggregation(MultiLabelLoss.Aggregation.SUM)
                            .build();
            assertEquals(sum.evaluate(labels, new NDList(base)).getFloat(), 0.4 / 3, 1e-6);
            average.addAccumulator("epoch");
            average.updateAccumulator("epoch", labels, new NDList(base));
            assertEquals(average.getAccumulator("epoch"), 0.4 / 6, 1e-6);
            IllegalArgumentException error =
                    expectThrows(
                            IllegalArgumentException.class,
                            () -> average.evaluate(new NDList(y1), new NDList(base)));
            assertEquals(
                    error.getMessage(),
                    "MultiLabelLoss: labels must hold 2 arrays, one for each loss, but was 1"
                            + " arrays");
        }
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        MultiLabelLoss.builder()
                                .setLoss(Losses.l1Loss(), 2)
                                .optWeights(0, 0)
                                .build());
    }

    @Test(dataProvider = "engines")
    public void weightDecayInAGroupTakesTheStepOfTheHalfSquaredPenalty(String name) {
        Engine engine = Engine.getEngine(name);
        Tracker rate = Tracker.fixed(0.1f);
        try (NDManager manager = Place.manager(engine)) {
            Block block = block(manager);
            Optimizer groups =
                    ParameterGroups.builder()
                            .setBlock(block)
                            .addGroup(
                                    Parameter.Type.BIAS,
                                    Optimizer.sgd().setLearningRateTracker(rate).build())
                            .setDefault(
                                    Optimizer.sgd()
                                            .setLearningRateTracker(rate)
                                            .optWeightDecays(0.5f)
                                            .build())
                            .build();
            for (Parameter.Type type :
                    new Parameter.Type[] {Parameter.Type.WEIGHT, Parameter.Type.BIAS}) {
                Parameter parameter = parameter(block, type);
                double[] before = Nd.toDoubles(parameter.getArray());
                NDArray copy = parameter.getArray().duplicate();
                groups.update(parameter.getId(), copy, copy.zerosLike());
                double[] after = Nd.toDoubles(copy);
                for (int i = 0; i < before.length; i++) {
                    // w − rate · decay · w for weights, nothing for biases
                    double factor = type == Parameter.Type.WEIGHT ? 1 - 0.1 * 0.5 : 1;
                    assertEquals(after[i], factor * before[i], 1e-6, type + " " + i);
                }
            }
            assertThrows(
                    IllegalArgumentException.class,
                    () -> groups.update("unknown", manager.create(1f), manager.create(1f)));
        }
        assertThrows(IllegalArgumentException.class, () -> ParameterGroups.builder().build());
    }
}
