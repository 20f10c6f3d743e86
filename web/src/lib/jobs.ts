// SPDX-License-Identifier: Apache-2.0
// Following a job until it ends: by the event stream, and by asking now and then should the stream be down.
import { useEffect } from 'react';
import type { Job } from '../api/types';
import { useLive } from './live';
import { useResource, type Resource } from './resource';

export function is_over(job: Job | null): boolean {
  return job !== null && job.status !== 'queued' && job.status !== 'running';
}

export function useJob(id: string | null): Resource<Job> {
  const resource = useResource<Job>(id === null ? null : `/v1/jobs/${encodeURIComponent(id)}`);
  const { data, reload } = resource;
  useLive<Job>('job', (job) => {
    if (job.id === id) reload();
  });
  const over = is_over(data);
  useEffect(() => {
    if (id === null || over) return undefined;
    const timer = setInterval(reload, 2000);
    return () => clearInterval(timer);
  }, [id, over, reload]);
  return resource;
}
