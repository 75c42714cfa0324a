/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.Trainer;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;

import io.djlosses.api.AbstractLoss;
import io.djlosses.nd.Nd;

import java.util.ArrayList;
import java.util.List;

/** Keeps what a loss saw in every batch, and what it reported of every epoch. */
final class Recorder extends TrainingListenerAdapter {

    private final Evaluator loss;

    /** The training batches of each epoch, and what the accumulators made of them. */
    final List<List<GoldenRow>> epochs = new ArrayList<>();

    final List<List<GoldenRow>> validations = new ArrayList<>();
    final List<Double> reported = new ArrayList<>();
    final List<Double> validated = new ArrayList<>();

    /** What the loss gave for each training batch. */
    final List<List<Double>> values = new ArrayList<>();

    private List<GoldenRow> batches = new ArrayList<>();
    private List<GoldenRow> validationBatches = new ArrayList<>();
    private List<Double> batchValues = new ArrayList<>();

    /** Listens before the evaluators are reset, so it is added first. */
    Recorder(Evaluator loss) {
        this.loss = loss;
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBatch(Trainer trainer, BatchData data) {
        batches.add(row(data));
        NDList labels = data.getLabels().values().iterator().next();
        NDList predictions = data.getPredictions().values().iterator().next();
        try (NDArray value = loss.evaluate(labels, predictions);
                NDArray total = value.sum()) {
            batchValues.add(Nd.toDoubles(total)[0]);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void onValidationBatch(Trainer trainer, BatchData data) {
        validationBatches.add(row(data));
    }

    /** {@inheritDoc} */
    @Override
    public void onEpoch(Trainer trainer) {
        reported.add(accumulated(EvaluatorTrainingListener.TRAIN_EPOCH));
        validated.add(accumulated(EvaluatorTrainingListener.VALIDATE_EPOCH));
        values.add(batchValues);
        epochs.add(batches);
        validations.add(validationBatches);
        batches = new ArrayList<>();
        validationBatches = new ArrayList<>();
        batchValues = new ArrayList<>();
    }

    private double accumulated(String key) {
        return loss instanceof AbstractLoss template
                ? template.getAccumulatorAsDouble(key)
                : loss.getAccumulator(key);
    }

    private static GoldenRow row(BatchData data) {
        return GoldenRow.of(
                copy(data.getLabels().values().iterator().next()),
                copy(data.getPredictions().values().iterator().next()));
    }

    private static List<Data> copy(NDList list) {
        return list.stream()
                .map(
                        array ->
                                new Data(
                                        array.getDataType().isFloating() ? "float" : "int64",
                                        array.getShape(),
                                        Nd.toDoubles(array)))
                .toList();
    }
}
