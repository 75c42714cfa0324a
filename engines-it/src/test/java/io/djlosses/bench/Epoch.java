/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;

import io.djlosses.api.Choice;
import io.djlosses.examples.catalog.Size;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Epochs of a model of one layer in DJL's own trainer, by a process that does nothing else: what
 * exchanging the loss changes for a user.
 */
final class Epoch {

    /** No loss: the sum of the predictions. */
    static final String NONE = "none";

    static final List<String> VARIANTS = List.of(Stage.OURS, Stage.BUILT_IN, NONE);

    private static final int FEATURES = 16;
    private static final int EPOCHS = 7;
    private static final Map<Size, Integer> STEPS = Map.of(Size.S, 300, Size.M, 40, Size.L, 4);

    private Epoch() {}

    /** Returns whether a row can be compared: DJL has the loss, and a layer its predictions. */
    static boolean has(Row row) {
        return row.builtIn() != null && row.dims(Size.S).length == 2 && row.hasLayer();
    }

    /** Returns the time of a step in the median epoch, and its page faults. */
    static Run.Result run(Stage stage, Row row, Size size, String variant)
            throws IOException, TranslateException {
        long[] dims = dims(row, size);
        int steps = Objects.requireNonNull(STEPS.get(size));
        try (Model model = Model.newInstance("epoch", Device.cpu(), stage.name())) {
            model.setBlock(Linear.builder().setUnits(dims[1]).build());
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(loss(row, variant, dims))
                            .optDevices(new Device[] {Device.cpu()})
                            .optOptimizer(
                                    Optimizer.sgd()
                                            .setLearningRateTracker(Tracker.fixed(1e-3f))
                                            .build());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(dims[0], FEATURES));
                NDManager manager = trainer.getManager();
                Case input = row.input(new Data(manager), dims[0] * steps, dims[1]);
                NDArray features = manager.randomNormal(new Shape(dims[0] * steps, FEATURES));
                ArrayDataset data =
                        new ArrayDataset.Builder()
                                .setData(features)
                                .optLabels(input.y())
                                .setSampling((int) dims[0], false)
                                .build();
                double[] times = new double[EPOCHS];
                double[] faults = new double[EPOCHS];
                for (int epoch = -2; epoch < EPOCHS; epoch++) {
                    Clock clock = new Clock();
                    clock.resume();
                    for (Batch batch : trainer.iterateDataset(data)) {
                        EasyTrain.trainBatch(trainer, batch);
                        trainer.step();
                        batch.close();
                    }
                    stage.finish(features);
                    clock.stop();
                    if (epoch >= 0) {
                        times[epoch] = clock.milliseconds() / steps;
                        faults[epoch] = (double) clock.faults() / steps;
                    }
                }
                return Run.Result.of(Turns.median(times), Turns.median(faults));
            }
        }
    }

    private static long[] dims(Row row, Size size) {
        // The largest of classes are too many for several batches of memory.
        return size == Size.L ? new long[] {2048, 2048} : row.dims(size);
    }

    private static Loss loss(Row row, String variant, long... dims) {
        return switch (variant) {
            case Stage.OURS -> row.make(builder -> {}, dims);
            case NONE -> loss(in -> in.x().sum());
            case Stage.BUILT_IN -> loss(Objects.requireNonNull(row.builtIn()));
            case Stage.PLAIN -> loss(Objects.requireNonNull(row.plain()));
            default ->
                    row.make(
                            Stream.of(Choice.values())
                                            .filter(choice -> Stage.name(choice).equals(variant))
                                            .findFirst()
                                            .orElseThrow()
                                    ::on,
                            dims);
        };
    }

    private static Loss loss(Formula formula) {
        return new Loss("formula") {
            @Override
            public NDArray evaluate(NDList labels, NDList predictions) {
                return formula.of(new Case(labels, predictions, new NDList()));
            }
        };
    }
}
