/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Reduction;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.examples.support.Batches;
import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.SeedOption;
import io.djlosses.examples.support.TextTable;
import io.djlosses.examples.support.Training;
import io.djlosses.regression.MSELoss;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.UnaryOperator;

/** Losses and a reduction of the user's own, on z = 2x² + 3y³ + 5. */
@Command(
        name = "custom-loss",
        description = "Fits z = 2x^2 + 3y^3 + 5 with losses and a reduction of the user's own.")
final class CustomLoss extends ExampleCommand {

    private static final int SAMPLES = 160;
    private static final int BATCH = 10;
    private static final int EPOCHS = 10;

    @Mixin private SeedOption seed;

    @Override
    public void run() {
        Reduction negatedMean = Reduction.of("negated mean", values -> values.mean().neg());
        Reduction negatedSum = Reduction.of("negated sum", values -> values.sum().neg());
        List<Loss> losses =
                List.of(
                        MSELoss.builder().optName("mean square, built in").build(),
                        ErrorLoss.of(NDArray::square).optName("mean square, own").build(),
                        ErrorLoss.of(NDArray::abs).optName("mean absolute, own").build(),
                        ErrorLoss.of(d -> d.pow(4)).optName("fourth power, own").build(),
                        ErrorLoss.of(NDArray::square)
                                .optName("square, negated mean")
                                .optReduction(negatedMean)
                                .build(),
                        ErrorLoss.of(NDArray::square)
                                .optName("square, negated sum")
                                .optReduction(negatedSum)
                                .build());

        print("Each prediction against its label");
        print("%s%n", table(losses));
        print("Each prediction against every label of the batch: what shapes that broadcast do");
        print("%s", table(losses.stream().<Loss>map(AllPairs::new).toList()));
    }

    private TextTable table(List<Loss> losses) {
        TextTable table =
                new TextTable(
                        "loss", "epoch 1", "epoch " + EPOCHS, "weight x^2", "weight y^3", "bias");
        losses.forEach(loss -> table.add(fit(loss)));
        return table;
    }

    /** Trains once and describes it: the last loss of two epochs, and what was learned. */
    private String[] fit(Loss loss) {
        Linear plane = Linear.builder().setUnits(1).build();
        plane.setInitializer((manager, shape, type) -> manager.full(shape, 0.02f), p -> true);
        Batches data = data();
        List<Float> values = new ArrayList<>();
        try (Model model = Model.newInstance("plane", engine().getEngineName())) {
            model.setBlock(plane);
            Training.fit(model, config(loss, values), EPOCHS, data, null);
            float[] weights = plane.getParameters().valueAt(0).getArray().toFloatArray();
            float[] bias = plane.getParameters().valueAt(1).getArray().toFloatArray();
            return new String[] {
                loss.getName(),
                number(values.get(data.count() - 1)),
                number(values.get(values.size() - 1)),
                number(weights[0]),
                number(weights[1]),
                number(bias[0])
            };
        }
    }

    private static String number(double value) {
        if (!Double.isFinite(value)) {
            return "overflow";
        }
        return String.format(Locale.ROOT, Math.abs(value) < 1e4 ? "%.4f" : "%.2e", value);
    }

    /** Sets up training that adds the loss of every step to a list. */
    private static DefaultTrainingConfig config(Loss loss, List<Float> values) {
        return new DefaultTrainingConfig(loss)
                .optOptimizer(
                        Optimizer.sgd()
                                .setLearningRateTracker(Tracker.fixed(0.01f))
                                .optMomentum(0.6f)
                                .build())
                .addTrainingListeners(
                        new EvaluatorTrainingListener(),
                        new TrainingListenerAdapter() {
                            @Override
                            public void onTrainingBatch(Trainer trainer, BatchData batch) {
                                values.add(
                                        loss.getAccumulator(EvaluatorTrainingListener.TRAIN_ALL));
                            }
                        });
    }

    private Batches data() {
        Random random = seed.random(0);
        double[][] inputs = new double[SAMPLES][];
        double[][] outputs = new double[SAMPLES][];
        for (int i = 0; i < SAMPLES; i++) {
            double x = 2 * random.nextDouble() - 1;
            double y = 2 * random.nextDouble() - 1;
            double noise = 0.03 * random.nextGaussian();
            inputs[i] = new double[] {x * x, y * y * y};
            outputs[i] = new double[] {2 * x * x + 3 * y * y * y + 5 + noise};
        }
        return new Batches(List.of(Column.of(inputs)), List.of(Column.of(outputs)), BATCH, null);
    }

    /** Any function of the error: a formula and a reduction are a loss. */
    private static final class ErrorLoss extends ElementwiseLoss {

        private final UnaryOperator<NDArray> formula;

        private ErrorLoss(SimpleBuilder<ErrorLoss> builder, UnaryOperator<NDArray> formula) {
            super(builder);
            this.formula = formula;
        }

        static SimpleBuilder<ErrorLoss> of(UnaryOperator<NDArray> formula) {
            return new SimpleBuilder<>("ErrorLoss", builder -> new ErrorLoss(builder, formula));
        }

        @Override
        protected NDArray unreduced(NDArray label, NDArray prediction) {
            return formula.apply(prediction.sub(label));
        }
    }

    /**
     * Compares each prediction (N, 1) with every label (N, 1): the (N, N) values that (N, 1, 1)
     * minus (N, 1) gives where shapes are broadcast. The losses themselves refuse such shapes.
     */
    private static final class AllPairs extends Loss {

        private final Loss loss;

        AllPairs(Loss loss) {
            super(loss.getName());
            this.loss = loss;
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            NDArray prediction = predictions.singletonOrThrow();
            long n = prediction.getShape().get(0);
            Shape pairs = new Shape(n, n);
            return loss.evaluate(
                    new NDList(labels.singletonOrThrow().reshape(1, n).broadcast(pairs)),
                    new NDList(prediction.reshape(n, 1).broadcast(pairs)));
        }
    }
}
